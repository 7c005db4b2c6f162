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
