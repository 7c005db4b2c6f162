/** IPv6 addresses as numbers, so that both families fit one kind of key. Numbers hold until `reset`. */
export interface AddressPool {
  idOf(words: Uint32Array, at: number): number;
  /** The four words of an address, at `words[id * 4]`. */
  readonly words: Uint32Array;
  readonly size: number;
  /** Forgets every address but those of `kept`, which get the numbers 0, 1, 2, … in that order. */
  reset(kept: readonly number[]): void;
}

const ROOM = 1 << 10;

export function createAddressPool(): AddressPool {
  let words = new Uint32Array(ROOM * 4);
  // Half of the slots at the most are taken: an address's number + 1, 0 for none.
  let slots = new Int32Array(ROOM * 2);

  const slotOf = (a: number, b: number, c: number, d: number): number => {
    const mask = slots.length - 1;
    for (let slot = hashOf(a, b, c, d) & mask; ; slot = (slot + 1) & mask) {
      const at = (slots[slot] - 1) * 4;
      if (at < 0) return slot;
      if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) return slot;
    }
  };
  const grow = (): void => {
    const old = words;
    words = new Uint32Array(old.length * 2);
    words.set(old);
    slots = new Int32Array(slots.length * 2);
    for (let at = 0; at < pool.size * 4; at += 4) {
      slots[slotOf(old[at], old[at + 1], old[at + 2], old[at + 3])] = at / 4 + 1;
    }
    pool.words = words;
  };
  // Fields, no accessors: V8 keeps an object literal that has one as a hash table.
  const pool = {
    words: new Uint32Array(0),
    size: 0,
    idOf(source: Uint32Array, at: number): number {
      const a = source[at];
      const b = source[at + 1];
      const c = source[at + 2];
      const d = source[at + 3];
      const known = slots[slotOf(a, b, c, d)];
      if (known !== 0) return known - 1;
      if (pool.size * 4 === words.length) grow();
      const id = pool.size++;
      slots[slotOf(a, b, c, d)] = id + 1;
      words[id * 4] = a;
      words[id * 4 + 1] = b;
      words[id * 4 + 2] = c;
      words[id * 4 + 3] = d;
      return id;
    },
    reset(kept: readonly number[]): void {
      const old = words;
      words = new Uint32Array(ROOM * 4);
      slots = new Int32Array(ROOM * 2);
      pool.words = words;
      pool.size = 0;
      for (const id of kept) pool.idOf(old, id * 4);
    },
  };
  // Set a second time: what V8 takes for constant would have everything that uses it compiled anew when it changes.
  pool.words = words;
  return pool;
}

function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x85ebca6b), 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + c, 0xc2b2ae35);
  hash = Math.imul((hash ^ (hash >>> 13)) + d, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}

/**
 * A small direct-mapped cache from three numbers to a number: one look, no search; a new key takes the place of an old one.
 * It stands before a table that knows everything, where the same few keys are asked again and again.
 */
export class DirectMap {
  private readonly places: Int32Array;
  private readonly shift: number;

  /** `bits`: binary logarithm of the number of places. Values are 0 to 2^31 - 1. */
  constructor(bits: number) {
    this.places = new Int32Array(4 << bits).fill(-1);
    this.shift = 32 - bits;
  }

  /** The value of a key, or -1. */
  get(a: number, b: number, c: number): number {
    const { places } = this;
    const at = placeOf(a, b, c, this.shift);
    if (places[at] === (a | 0) && places[at + 1] === (b | 0) && places[at + 2] === (c | 0)) return places[at + 3];
    return -1;
  }

  set(a: number, b: number, c: number, value: number): void {
    const { places } = this;
    const at = placeOf(a, b, c, this.shift);
    places[at] = a;
    places[at + 1] = b;
    places[at + 2] = c;
    places[at + 3] = value;
  }

  clear(): void {
    this.places.fill(-1);
  }
}

function placeOf(a: number, b: number, c: number, shift: number): number {
  const hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  return (Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) >>> shift) << 2;
}
