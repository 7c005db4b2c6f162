// Hash tables whose keys and values are 32-bit words. Nothing is allocated for a question, and both tables are classes
// whose mutable fields are set twice when they are made: V8 compiles a field that was set once as a constant, and throws
// the code away when it changes (test/bench/README.md, "V8": 0.2 s of CPU for the tables of a replay of 2 M records).

const NOTHING = new Int32Array(0);

/** A table from keys of a few words to numbers from 0 on. The caller writes the key into `key`, then asks. */
export class WordMemo {
  readonly key: Int32Array;
  private readonly stride: number;
  private size = -1;
  private capacity = 0;
  private keys = NOTHING;
  private values = NOTHING;

  constructor(stride: number, initialCapacity = 1 << 10) {
    this.stride = stride;
    this.key = new Int32Array(stride);
    this.size = 0;
    this.makeRoom(initialCapacity);
  }

  /** The value of `key`, or -1. */
  find(): number {
    return this.values[this.slotOf(this.key, 0)];
  }

  /** Stores `value` for `key`, which must not be in the table yet. */
  add(value: number): void {
    if (++this.size * 2 > this.capacity) this.grow();
    this.put(this.key, 0, value);
  }

  clear(): void {
    if (this.size === 0) return;
    this.size = 0;
    this.values.fill(-1);
  }

  private slotOf(words: Int32Array, at: number): number {
    const { stride, keys, values } = this;
    const mask = this.capacity - 1;
    let hash = 0x2545f491;
    for (let word = 0; word < stride; word++) {
      hash = Math.imul(hash ^ words[at + word], 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    let slot = hash & mask;
    for (; values[slot] >= 0; slot = (slot + 1) & mask) {
      const base = slot * stride;
      let word = 0;
      while (word < stride && keys[base + word] === words[at + word]) word++;
      if (word === stride) break;
    }
    return slot;
  }

  private put(words: Int32Array, at: number, value: number): void {
    const { stride, keys } = this;
    const slot = this.slotOf(words, at);
    for (let word = 0; word < stride; word++) keys[slot * stride + word] = words[at + word];
    this.values[slot] = value;
  }

  private grow(): void {
    const { keys, values } = this;
    this.makeRoom(this.capacity * 2);
    for (let old = 0; old < values.length; old++) {
      if (values[old] >= 0) this.put(keys, old * this.stride, values[old]);
    }
  }

  private makeRoom(capacity: number): void {
    this.capacity = capacity;
    this.keys = new Int32Array(capacity * this.stride);
    this.values = new Int32Array(capacity).fill(-1);
  }
}

/**
 * A direct-mapped cache from three numbers to a number: one comparison, no search; a new key replaces the old one in its
 * slot. It stands before a complete table where the same few keys are asked again and again.
 */
export class DirectMap {
  private readonly slots: Int32Array;
  private readonly shift: number;

  /** `bits`: binary logarithm of the number of slots. Values are 0 to 2^31 - 1. */
  constructor(bits: number) {
    this.slots = new Int32Array(4 << bits).fill(-1);
    this.shift = 32 - bits;
  }

  /** The value of a key, or -1. */
  get(a: number, b: number, c: number): number {
    const { slots } = this;
    const at = slotOf(a, b, c, this.shift);
    if (slots[at] === (a | 0) && slots[at + 1] === (b | 0) && slots[at + 2] === (c | 0)) return slots[at + 3];
    return -1;
  }

  set(a: number, b: number, c: number, value: number): void {
    const { slots } = this;
    const at = slotOf(a, b, c, this.shift);
    slots[at] = a;
    slots[at + 1] = b;
    slots[at + 2] = c;
    slots[at + 3] = value;
  }

  clear(): void {
    this.slots.fill(-1);
  }
}

function slotOf(a: number, b: number, c: number, shift: number): number {
  const hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  return (Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) >>> shift) << 2;
}
