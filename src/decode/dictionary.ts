const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/**
 * Byte strings to small ids, in order of first appearance; the strings given at the start take 0, 1, 2, …
 * Look-ups compare bytes, so a repeated name costs no string.
 */
export class ByteDictionary {
  readonly strings: string[] = [];
  private slots: Int32Array;
  private mask: number;
  private bytes: Uint8Array = new Uint8Array(1 << 12);
  private used = 0;
  private offsets: Uint32Array = new Uint32Array(1 << 8);
  private last = -1;

  constructor(initial: readonly string[] = []) {
    let capacity = 1 << 8;
    while (capacity < initial.length * 2) capacity *= 2;
    this.slots = new Int32Array(capacity).fill(-1);
    this.mask = capacity - 1;
    for (const text of initial) {
      const bytes = ENCODER.encode(text);
      this.id(bytes, 0, bytes.length);
    }
    this.last = -1;
  }

  get size(): number {
    return this.strings.length;
  }

  idOf(text: string): number {
    const bytes = ENCODER.encode(text);
    return this.id(bytes, 0, bytes.length);
  }

  /** Id of the bytes in `[from, to)`; a new name is copied and gets the next id. */
  id(source: Uint8Array, from: number, to: number): number {
    // Records of one interface come in runs.
    if (this.last >= 0 && this.equals(this.last, source, from, to)) return this.last;
    let hash = 0x811c9dc5;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ source[at], 0x01000193);
    hash ^= hash >>> 15;
    let slot = hash & this.mask;
    for (let id = this.slots[slot]; id >= 0; id = this.slots[slot]) {
      if (this.equals(id, source, from, to)) return (this.last = id);
      slot = (slot + 1) & this.mask;
    }
    const id = this.strings.length;
    this.slots[slot] = id;
    this.append(source, from, to);
    if (this.strings.length * 2 > this.mask) this.grow();
    return (this.last = id);
  }

  private equals(id: number, source: Uint8Array, from: number, to: number): boolean {
    const start = this.offsets[id];
    if (this.offsets[id + 1] - start !== to - from) return false;
    for (let at = from, own = start; at < to; at++, own++) if (this.bytes[own] !== source[at]) return false;
    return true;
  }

  private append(source: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (this.used + length > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.used + length));
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    for (let at = 0; at < length; at++) this.bytes[this.used + at] = source[from + at];
    this.used += length;
    this.strings.push(DECODER.decode(source.subarray(from, to)));
    if (this.strings.length >= this.offsets.length) {
      const offsets = new Uint32Array(this.offsets.length * 2);
      offsets.set(this.offsets);
      this.offsets = offsets;
    }
    this.offsets[this.strings.length] = this.used;
  }

  private grow(): void {
    const capacity = (this.mask + 1) * 2;
    this.slots = new Int32Array(capacity).fill(-1);
    this.mask = capacity - 1;
    for (let id = 0; id < this.strings.length; id++) {
      let hash = 0x811c9dc5;
      for (let at = this.offsets[id]; at < this.offsets[id + 1]; at++) {
        hash = Math.imul(hash ^ this.bytes[at], 0x01000193);
      }
      hash ^= hash >>> 15;
      let slot = hash & this.mask;
      while (this.slots[slot] >= 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = id;
    }
  }
}
