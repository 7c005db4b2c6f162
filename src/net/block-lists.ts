import { IPV4, type Prefix } from "./address.ts";

/**
 * Lists of address blocks as columns in shared memory: a hundred thousand of them pass to a thread at no cost, and no garbage
 * collector visits them. The blocks of list k are at `offsets[k] .. offsets[k + 1]`, in words.
 */
export interface BlockLists {
  readonly offsets: Uint32Array;
  /** Six words a block: family, length, and the address in one word or four. */
  readonly words: Uint32Array;
}

const BLOCK_WORDS = 6;

export interface BlockListBuilder {
  /** Adds a list and returns its index. */
  add(blocks: readonly Prefix[]): number;
  build(): BlockLists;
}

export function createBlockLists(): BlockListBuilder {
  const ends: number[] = [0];
  let words = new Uint32Array(1 << 10);
  let used = 0;
  return {
    add(blocks) {
      for (const { family, length, words: address } of blocks) {
        if (used + BLOCK_WORDS > words.length) {
          const larger = new Uint32Array(words.length * 2);
          larger.set(words);
          words = larger;
        }
        words[used] = family;
        words[used + 1] = length;
        for (let word = 0; word < address.length; word++) words[used + 2 + word] = address[word];
        used += BLOCK_WORDS;
      }
      return ends.push(used) - 2;
    },
    build: () => ({ offsets: shared(ends), words: shared(words.subarray(0, used)) }),
  };
}

function shared(values: ArrayLike<number>): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(values.length * 4));
  copy.set(values);
  return copy;
}

/**
 * The blocks of a list as they were added.
 * @internal
 */
export function blocksOfList({ offsets, words }: BlockLists, list: number): Prefix[] {
  const blocks: Prefix[] = [];
  for (let at = offsets[list]; at < offsets[list + 1]; at += BLOCK_WORDS) {
    const family = words[at] as Prefix["family"];
    const address = words.subarray(at + 2, at + (family === IPV4 ? 3 : BLOCK_WORDS));
    blocks.push({ family, words: [...address], length: words[at + 1] });
  }
  return blocks;
}

/** True when a block of the list holds the address whose words begin at `address[from]`. */
export function listHolds(
  { offsets, words }: BlockLists,
  list: number,
  family: number,
  address: ArrayLike<number>,
  from: number,
): boolean {
  for (let at = offsets[list]; at < offsets[list + 1]; at += BLOCK_WORDS) {
    if (words[at] === family && holds(words, at, address, from)) return true;
  }
  return false;
}

function holds(words: Uint32Array, block: number, address: ArrayLike<number>, from: number): boolean {
  let left = words[block + 1];
  for (let word = 0; left > 0; word++, left -= 32) {
    const mask = left >= 32 ? 0xffffffff : ~(0xffffffff >>> left);
    if (((words[block + 2 + word] ^ address[from + word]) & mask) !== 0) return false;
  }
  return true;
}
