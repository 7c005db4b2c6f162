// Entries of the connection table as bytes, some 30 each. As columns of a table they took a third of all bytes of twenty
// minutes of records, and a tenth of the time; 22 MiB as BLOBs are stored as fast as 64-bit integers
// (test/bench/README.md, "Storing").
import {
  DELTA,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  INTERFACE,
  KIND,
  LAST,
  LOCAL,
  NEVER,
  OPENED_BY,
  PORTS,
  REMOTE,
  STATE,
  STRIDE,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
} from "../conntrack/entry-layout.ts";
import { forEachChunk } from "./loops.ts";

/**
 * The words of an entry that outlive a run: everything but its delta and its hash.
 * @internal
 */
export const KEPT_WORDS = DELTA;

/** Entries in a block; a block is read without those before it. */
const BLOCK_ENTRIES = 1 << 16;

/** Numbers of an entry: its words, with the two counts of packets apart. */
const NUMBERS_OF_ENTRY = KEPT_WORDS + 1;
const PACKETS_OUT = TOTAL_PACKETS;
const PACKETS_IN = KEPT_WORDS;

// A number takes none, one, two or four bytes: two bits in the head of its entry, which has room for 16.
const LENGTHS = Uint8Array.of(0, 1, 2, 4);
const MASKS = Uint32Array.of(0, 0xff, 0xffff, 0xffffffff);
const CODE_BY_ZEROS = Uint8Array.from({ length: 33 }, (_, zeros) =>
  zeros === 32 ? 0 : zeros > 23 ? 1 : zeros > 15 ? 2 : 3,
);
const MOST_BYTES = 4 + NUMBERS_OF_ENTRY * 4;
/** Every number is written and read as four bytes, so a block needs room after its last number. */
const MARGIN = 4;

/**
 * Packs the first `size` entries of a connection table. `storedAs` gives the number that replaces each OPENED_BY. What is
 * mostly equal to the entry before, or close to it, is written as the difference.
 */
export function* packEntries(words: Uint32Array, size: number, storedAs: Uint32Array): Generator<Uint8Array> {
  const room = new Uint8Array(Math.min(size, BLOCK_ENTRIES) * MOST_BYTES + MARGIN);
  const packer = new EntryPacker(room);
  for (let first = 0; first < size; first += BLOCK_ENTRIES) {
    packer.begin();
    const entries = Math.min(BLOCK_ENTRIES, size - first);
    forEachChunk(entries, (from, to) => packer.pack(words, first + from, first + to, storedAs));
    yield room.slice(0, packer.used + MARGIN);
  }
}

/** Packs entries into `room`, one after the other. */
class EntryPacker {
  /** Bytes written. */
  used = -1;
  private kind = -1;
  private last = -1;
  private locals = new Locals();
  private readonly numbers = new Uint32Array(NUMBERS_OF_ENTRY);
  private readonly out: DataView;

  constructor(room: Uint8Array) {
    this.out = new DataView(room.buffer);
    this.begin();
  }

  /** Begins a block: no differences from what came before. */
  begin(): void {
    this.used = 0;
    this.kind = 0;
    this.last = 0;
    this.locals.clear();
  }

  /** The entries `[from, to)`. */
  pack(words: Uint32Array, from: number, to: number, storedAs: Uint32Array): void {
    const { numbers, locals, out } = this;
    let { used: at, kind, last } = this;
    for (let base = from * STRIDE; base < to * STRIDE; base += STRIDE) {
      const eni = words[base + INTERFACE];
      const lastBefore = last;
      last = words[base + LAST];
      numbers[INTERFACE] = eni;
      numbers[LOCAL] = locals.swap(eni, words[base + LOCAL]) ^ words[base + LOCAL];
      numbers[REMOTE] = words[base + REMOTE];
      numbers[PORTS] = words[base + PORTS];
      numbers[KIND] = words[base + KIND] ^ kind;
      kind = words[base + KIND];
      numbers[LAST] = withSignLast(last - lastBefore);
      numbers[FIRST_OUT] = sinceFirst(last, words[base + FIRST_OUT]);
      numbers[FIRST_IN] = sinceFirst(last, words[base + FIRST_IN]);
      numbers[FLAGS] = words[base + FLAGS];
      numbers[STATE] = words[base + STATE];
      numbers[OPENED_BY] = storedAs[words[base + OPENED_BY]];
      numbers[PACKETS_OUT] = words[base + TOTAL_PACKETS] & 0xffff;
      numbers[PACKETS_IN] = words[base + TOTAL_PACKETS] >>> 16;
      numbers[TOTAL_BYTES_OUT] = words[base + TOTAL_BYTES_OUT];
      numbers[TOTAL_BYTES_IN] = words[base + TOTAL_BYTES_IN];

      const headAt = at;
      let head = 0;
      at += 4;
      for (let index = 0; index < NUMBERS_OF_ENTRY; index++) {
        const number = numbers[index];
        const code = CODE_BY_ZEROS[Math.clz32(number)];
        out.setUint32(at, number, true);
        at += LENGTHS[code];
        head |= code << (index * 2);
      }
      out.setUint32(headAt, head, true);
    }
    this.used = at;
    this.kind = kind;
    this.last = last;
  }
}

/** Calls `take` with the KEPT_WORDS of each entry, in order; the array is reused. */
export function unpackEntries(blocks: Iterable<Uint8Array>, take: (entry: Uint32Array) => void): void {
  for (const block of blocks) unpackBlock(block, take);
}

function unpackBlock(block: Uint8Array, take: (entry: Uint32Array) => void): void {
  const bytes = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const numbers = new Uint32Array(NUMBERS_OF_ENTRY);
  const entry = new Uint32Array(KEPT_WORDS);
  const locals = new Locals();
  let [at, kind, last] = [0, 0, 0];
  while (at < block.length - MARGIN) {
    const head = bytes.getUint32(at, true);
    at += 4;
    for (let index = 0; index < NUMBERS_OF_ENTRY; index++) {
      const code = (head >>> (index * 2)) & 3;
      numbers[index] = bytes.getUint32(at, true) & MASKS[code];
      at += LENGTHS[code];
    }
    entry.set(numbers.subarray(0, KEPT_WORDS));
    const eni = numbers[INTERFACE];
    entry[LOCAL] ^= locals.of(eni);
    locals.swap(eni, entry[LOCAL]);
    kind = entry[KIND] ^= kind;
    last = entry[LAST] = last + withSignFirst(numbers[LAST]);
    entry[FIRST_OUT] = firstOf(entry[LAST], numbers[FIRST_OUT]);
    entry[FIRST_IN] = firstOf(entry[LAST], numbers[FIRST_IN]);
    entry[TOTAL_PACKETS] = numbers[PACKETS_OUT] | (numbers[PACKETS_IN] << 16);
    take(entry);
  }
}

/** The latest local address of each interface; most have only one. */
class Locals {
  private locals = NOTHING;

  constructor() {
    this.locals = new Uint32Array(256);
  }

  of(eni: number): number {
    return eni < this.locals.length ? this.locals[eni] : 0;
  }

  swap(eni: number, local: number): number {
    const before = this.of(eni);
    if (eni >= this.locals.length) this.grow(eni);
    this.locals[eni] = local;
    return before;
  }

  clear(): void {
    this.locals.fill(0);
  }

  private grow(eni: number): void {
    const more = new Uint32Array(Math.max(eni + 1, this.locals.length * 2));
    more.set(this.locals);
    this.locals = more;
  }
}

const NOTHING = new Uint32Array(0);

/** A difference modulo 2^32 with its sign in the lowest bit: small ones of either sign are small numbers. */
function withSignLast(difference: number): number {
  const signed = difference | 0;
  return (signed << 1) ^ (signed >> 31);
}

function withSignFirst(number: number): number {
  return (number >>> 1) ^ -(number & 1);
}

/**
 * Seconds from the first record to the last, plus one; 0 for NEVER. A bijection modulo 2^32: NEVER lies `last + 1` before
 * `last`, so only smaller distances move up by one.
 */
function sinceFirst(last: number, first: number): number {
  if (last === NEVER) return last - first;
  if (first === NEVER) return 0;
  const since = (last - first) >>> 0;
  return since <= last ? since + 1 : since;
}

function firstOf(last: number, since: number): number {
  if (last === NEVER) return last - since;
  if (since === 0) return NEVER;
  return since <= last + 1 ? last + 1 - since : last - since;
}
