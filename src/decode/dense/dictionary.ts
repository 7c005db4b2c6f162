// Dense code: a hash table over bytes. It compares names four bytes at a time, and tries the length and the name found last
// first: an account follows itself, and interfaces share a length. Measured with `node .bench/test/bench/decode.js`.
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** `find` may read this many bytes from the start of a name, and knows only names no longer than this. */
export const FIND_BYTES = 32;

/**
 * Byte strings to small ids, in order of first appearance; the strings given at the start take 0, 1, 2, …
 * Look-ups compare bytes, four at a time, so a repeated name costs no string.
 */
export class ByteDictionary {
  readonly strings: string[] = [];
  // Set twice, here and by the constructor: V8 compiles fields that are only ever initialised as constants, and compiles
  // everything that reads them again when they change.
  private slots = new Int32Array(0);
  private bytes = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  private offsets = new Uint32Array(0);
  private lastLength = 1;
  /** A name of the length `lastLength`, -1 before one was found. */
  private lastId = -1;

  constructor(initial: readonly string[] = []) {
    let capacity = 1 << 8;
    while (capacity < initial.length * 2) capacity *= 2;
    this.slots = new Int32Array(capacity).fill(-1);
    this.offsets = new Uint32Array(capacity);
    this.bytes = new Uint8Array(1 << 12);
    this.view = new DataView(this.bytes.buffer);
    const joined = initial.join("");
    const bytes = ENCODER.encode(joined);
    // ASCII text has as many bytes as characters. Encoding each string on its own would take longer than all the rest.
    if (bytes.length > joined.length) for (const text of initial) this.idOf(text);
    else {
      let to = 0;
      for (const text of initial) {
        const from = to;
        to += text.length;
        this.id(bytes, from, to, text);
      }
    }
  }

  get size(): number {
    return this.strings.length;
  }

  idOf(text: string): number {
    const bytes = ENCODER.encode(text);
    return this.id(bytes, 0, bytes.length);
  }

  /** Id of the bytes in `[from, to)`; a new name is copied and gets the next id. `text`: the same as a string, if known. */
  id(source: Uint8Array, from: number, to: number, text?: string): number {
    // Copied first, and given up if the name is known: hashing and comparing then read memory that is padded.
    const start = this.used;
    const length = to - from;
    this.reserve(start + length);
    for (let at = 0; at < length; at++) this.bytes[start + at] = source[from + at];
    const known = this.lookup(this.view, start, length);
    if (known >= 0) return known;
    const id = this.strings.length;
    this.used = start + length;
    this.strings.push(text ?? DECODER.decode(source.subarray(from, to)));
    if (id + 1 >= this.offsets.length) {
      const offsets = new Uint32Array(this.offsets.length * 2);
      offsets.set(this.offsets);
      this.offsets = offsets;
    }
    this.offsets[id + 1] = this.used;
    if (this.strings.length * 2 > this.slots.length) this.grow();
    else this.insert(id);
    return id;
  }

  /**
   * Id of the name that starts at `at` and ends before a byte of 32 or less, -1 when it is not known or too long;
   * `foundLength` is its length. The length of the last name found is tried before any other.
   * `FIND_BYTES` bytes from `at` must be readable.
   */
  find(source: Uint8Array, view: DataView, at: number): number {
    const guess = this.lastLength;
    if (source[at + guess] <= 32) {
      // An account, and in some objects an interface, follows itself.
      if (this.holds(this.lastId, view, at, guess)) return this.lastId;
      const id = this.lookup(view, at, guess);
      if (id >= 0) return (this.lastId = id);
    }
    let length = 0;
    while (source[at + length] > 32) if (++length === FIND_BYTES) return -1;
    if (length === 0 || length === guess) return -1;
    this.lastLength = length;
    return (this.lastId = this.lookup(view, at, length));
  }

  idIfKnown(text: string): number {
    const bytes = ENCODER.encode(`${text}    `);
    return this.lookup(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length - 4);
  }

  get foundLength(): number {
    return this.lastLength;
  }

  private lookup(view: DataView, at: number, length: number): number {
    const { slots, offsets } = this;
    const mask = slots.length - 1;
    for (let slot = hashOf(view, at, length) & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot];
      if (id < 0) return -1;
      if (offsets[id + 1] - offsets[id] === length && this.holds(id, view, at, length)) return id;
    }
  }

  /** Whether the `length` bytes at `at` are those of a known name of that length. */
  private holds(id: number, view: DataView, at: number, length: number): boolean {
    if (id < 0) return false;
    const own = this.view;
    const whole = at + (length & ~3);
    let offset = this.offsets[id];
    for (let position = at; position < whole; position += 4, offset += 4) {
      if (own.getUint32(offset, true) !== view.getUint32(position, true)) return false;
    }
    const tailMask = tailMaskOf(length);
    return tailMask === 0 || ((own.getUint32(offset, true) ^ view.getUint32(whole, true)) & tailMask) === 0;
  }

  private insert(id: number): void {
    const mask = this.slots.length - 1;
    const start = this.offsets[id];
    let slot = hashOf(this.view, start, this.offsets[id + 1] - start) & mask;
    while (this.slots[slot] >= 0) slot = (slot + 1) & mask;
    this.slots[slot] = id;
  }

  private grow(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(-1);
    for (let id = 0; id < this.strings.length; id++) this.insert(id);
  }

  /** Room for `length` bytes and a word of padding. */
  private reserve(length: number): void {
    if (length + 4 <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, length + 4));
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/** Keeps the 0-3 bytes of a little-endian word that belong to a name of this length. */
function tailMaskOf(length: number): number {
  return (1 << ((length & 3) << 3)) - 1;
}

function hashOf(view: DataView, at: number, length: number): number {
  let hash = length;
  const whole = at + (length & ~3);
  for (; at < whole; at += 4) hash = Math.imul((hash ^ view.getUint32(at, true)) >>> 0, 0x9e3779b1) ^ (hash >>> 13);
  const tailMask = tailMaskOf(length);
  if (tailMask !== 0) hash = Math.imul(hash ^ (view.getUint32(at, true) & tailMask), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
