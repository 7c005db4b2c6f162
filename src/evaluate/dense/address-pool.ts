// IPv6 addresses in one array and an open hash table beside it. Maps from text cost an allocation for each record
// (test/bench/README.md, "V8").

const INITIAL_ADDRESSES = 1 << 10;

/** IPv6 addresses as numbers, so that both families fit the same keys. Numbers hold until `reset`. */
export class AddressPool {
  /** The four words of address `id`, from `words[id * 4]` on. */
  words = new Uint32Array(0);
  size = -1;
  /** The number of an address + 1, 0 for none. At most half of the slots are taken. */
  private slots = new Int32Array(0);

  constructor() {
    this.clear();
  }

  /** The number of the address at `source[at]`; a new address gets the next one. */
  idOf(source: Uint32Array, at: number): number {
    const a = source[at];
    const b = source[at + 1];
    const c = source[at + 2];
    const d = source[at + 3];
    const known = this.slots[this.slotOf(a, b, c, d)];
    if (known !== 0) return known - 1;
    if (this.size * 4 === this.words.length) this.grow();
    const id = this.size++;
    this.slots[this.slotOf(a, b, c, d)] = id + 1;
    this.words[id * 4] = a;
    this.words[id * 4 + 1] = b;
    this.words[id * 4 + 2] = c;
    this.words[id * 4 + 3] = d;
    return id;
  }

  /** Keeps only the addresses `kept`, which get the numbers 0, 1, 2, … in that order. */
  reset(kept: readonly number[]): void {
    const old = this.words;
    this.clear();
    for (const id of kept) this.idOf(old, id * 4);
  }

  private clear(): void {
    this.words = new Uint32Array(INITIAL_ADDRESSES * 4);
    this.slots = new Int32Array(INITIAL_ADDRESSES * 2);
    this.size = 0;
  }

  private grow(): void {
    const old = this.words;
    this.words = new Uint32Array(old.length * 2);
    this.words.set(old);
    this.slots = new Int32Array(this.slots.length * 2);
    for (let at = 0; at < this.size * 4; at += 4) {
      this.slots[this.slotOf(old[at], old[at + 1], old[at + 2], old[at + 3])] = at / 4 + 1;
    }
  }

  private slotOf(a: number, b: number, c: number, d: number): number {
    const { slots, words } = this;
    const mask = slots.length - 1;
    for (let slot = hashOf(a, b, c, d) & mask; ; slot = (slot + 1) & mask) {
      const at = (slots[slot] - 1) * 4;
      if (at < 0) return slot;
      if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) return slot;
    }
  }
}

function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x85ebca6b), 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + c, 0xc2b2ae35);
  hash = Math.imul((hash ^ (hash >>> 13)) + d, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}
