import type { PolicyLookup, LookupTable } from "./policy-lookup.ts";

// Properties of a lookup, as bits.
export const UNFILTERED = 1;
export const SAME_SUBNET = 2;
export const NO_ACL = 4;
export const OTHER_SNAPSHOT = 8;
export const ADDRESS_MISSING = 16;
export const ADDRESS_ELSEWHERE = 32;
const FLAG_BITS = 6;

export interface LookupMemo {
  /** Number of the lookup made of these parts; `flags` are the bits above, the last four are places of matches. */
  intern(
    snapshot: number,
    flags: number,
    direction: number,
    naclIn: number,
    naclOut: number,
    sgIfLocal: number,
    sgIfRemote: number,
  ): number;
  withOthers(lookup: number, others: readonly number[]): number;
}

/** Numbers to lookups without building an object per record. */
export function createLookupMemo(table: LookupTable): LookupMemo {
  const memo = new WordMemo(6);
  const { key } = memo;
  return {
    intern(snapshot, flags, direction, naclIn, naclOut, sgIfLocal, sgIfRemote) {
      key[0] = (snapshot << FLAG_BITS) | flags;
      key[1] = direction;
      key[2] = naclIn;
      key[3] = naclOut;
      key[4] = sgIfLocal;
      key[5] = sgIfRemote;
      const known = memo.find();
      if (known >= 0) return known;
      const lookup = toReading(snapshot, flags, direction, naclIn, naclOut, sgIfLocal, sgIfRemote);
      const added = table.internLookup(lookup);
      memo.add(added);
      return added;
    },
    withOthers: (lookup, others) => table.internLookup({ ...table.lookups[lookup], others }),
  };
}

function toReading(
  snapshot: number,
  flags: number,
  direction: number,
  naclIn: number,
  naclOut: number,
  sgIfLocal: number,
  sgIfRemote: number,
): PolicyLookup {
  return {
    snapshot,
    interfaceKnown: flags & OTHER_SNAPSHOT ? "other_snapshot" : "in_force",
    direction,
    local: flags & ADDRESS_MISSING ? "no_address" : flags & ADDRESS_ELSEWHERE ? "address_not_on_eni" : "known",
    unfiltered: (flags & UNFILTERED) !== 0,
    sameSubnet: (flags & SAME_SUBNET) !== 0,
    aclUnknown: (flags & NO_ACL) !== 0,
    naclIn,
    naclOut,
    sgIfLocal,
    sgIfRemote,
    others: [],
  };
}

/**
 * A table from keys of a few 32-bit words to small numbers. The caller writes the key into `key` and asks; nothing is
 * allocated per question. A class: all tables share their methods, so that code compiled with one serves the next.
 */
export class WordMemo {
  readonly key: Int32Array;
  private readonly stride: number;
  // Set here and once more by `makeRoom`: fields that are only ever initialised are compiled as constants.
  private size = -1;
  private capacity = 0;
  private keys = NOTHING;
  private values = NOTHING;

  constructor(stride: number, initial = 1 << 10) {
    this.stride = stride;
    this.key = new Int32Array(stride);
    this.size = 0;
    this.makeRoom(initial);
  }

  /** Value of `key`, or -1. */
  find(): number {
    return this.values[this.slotOf(this.key, 0)];
  }

  /** Remembers `value` for `key`, which must not be known yet. */
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

const NOTHING = new Int32Array(0);
