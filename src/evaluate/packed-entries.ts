import {
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  INTERFACE,
  KIND,
  LAST,
  LOCAL,
  NEVER,
  OPENED_BY,
  PLACE,
  PORTS,
  REMOTE,
  STATE,
  STRIDE,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
} from "./connections.ts";

/** The words of an entry that outlive a run: everything but its place in a segment and its hash. */
export const KEPT_WORDS = PLACE;

/** Entries a chunk; each is read without those before it. */
const CHUNK_ENTRIES = 1 << 16;
/** A head, 14 words of at most five bytes, two of them halved. */
const MOST_BYTES = 1 + 16 * 5;

// The head of an entry: what follows, and what is as before.
const HAS_OUT = 1;
const HAS_IN = 2;
const SAME_LOCAL = 4; // as of the interface's entry before
const SAME_KIND = 8; // as of the entry before
const HAS_FLAGS = 16;
const IS_OPENED = 32;

/**
 * The first `size` entries of a connection table as bytes, some 25 each: numbers of seven bits a byte, times as differences. `places` says
 * by which number each OPENED_BY is to be known. As columns of a table they took a quarter of all
 * that was stored of twenty minutes, and a tenth of the whole time.
 */
export function packEntries(words: Uint32Array, size: number, places: Uint32Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const room = new Uint8Array(Math.min(size, CHUNK_ENTRIES) * MOST_BYTES);
  for (let first = 0; first < size; first += CHUNK_ENTRIES) {
    chunks.push(room.slice(0, packChunk(words, first, Math.min(first + CHUNK_ENTRIES, size), places, room)));
  }
  return chunks;
}

function packChunk(words: Uint32Array, first: number, end: number, places: Uint32Array, out: Uint8Array): number {
  const locals = createLocals();
  let kind = 0;
  let last = 0;
  let at = 0;
  for (let base = first * STRIDE; base < end * STRIDE; base += STRIDE) {
    const openedBy = places[words[base + OPENED_BY]];
    const sameLocal = locals.isAsBefore(words[base + INTERFACE], words[base + LOCAL]);
    out[at++] =
      (words[base + FIRST_OUT] === NEVER ? 0 : HAS_OUT) |
      (words[base + FIRST_IN] === NEVER ? 0 : HAS_IN) |
      (sameLocal ? SAME_LOCAL : 0) |
      (words[base + KIND] === kind ? SAME_KIND : 0) |
      (words[base + FLAGS] === 0 ? 0 : HAS_FLAGS) |
      (openedBy === 0 ? 0 : IS_OPENED);
    at = putNumber(out, at, words[base + INTERFACE]);
    if (!sameLocal) at = putWord(out, at, words[base + LOCAL]);
    at = putWord(out, at, words[base + REMOTE]);
    at = putWord(out, at, words[base + PORTS]);
    if (words[base + KIND] !== kind) at = putNumber(out, at, words[base + KIND]);
    kind = words[base + KIND];
    at = putNumber(out, at, difference(words[base + LAST], last));
    last = words[base + LAST];
    if (words[base + FIRST_OUT] !== NEVER) at = putNumber(out, at, difference(last, words[base + FIRST_OUT]));
    if (words[base + FIRST_IN] !== NEVER) at = putNumber(out, at, difference(last, words[base + FIRST_IN]));
    if (words[base + FLAGS] !== 0) at = putNumber(out, at, words[base + FLAGS]);
    at = putNumber(out, at, words[base + STATE]);
    if (openedBy !== 0) at = putNumber(out, at, openedBy);
    at = putNumber(out, at, words[base + TOTAL_PACKETS] & 0xffff);
    at = putNumber(out, at, words[base + TOTAL_PACKETS] >>> 16);
    at = putNumber(out, at, words[base + TOTAL_BYTES_OUT]);
    at = putNumber(out, at, words[base + TOTAL_BYTES_IN]);
  }
  return at;
}

/** Hands over the KEPT_WORDS of each entry, in order; the array is reused. */
export function unpackEntries(chunks: readonly Uint8Array[], take: (entry: Uint32Array) => void): void {
  const entry = new Uint32Array(KEPT_WORDS);
  for (const bytes of chunks) unpackChunk(bytes, entry, take);
}

function unpackChunk(bytes: Uint8Array, entry: Uint32Array, take: (entry: Uint32Array) => void): void {
  const locals = createLocals();
  let at = 0;
  const number = (): number => {
    let value = 0;
    let byte: number;
    let shift = 0;
    do {
      byte = bytes[at++];
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte >= 128);
    return value >>> 0;
  };
  const word = (): number => {
    at += 4;
    return (bytes[at - 4] | (bytes[at - 3] << 8) | (bytes[at - 2] << 16) | (bytes[at - 1] << 24)) >>> 0;
  };
  entry.fill(0);
  while (at < bytes.length) {
    const head = bytes[at++];
    const eni = (entry[INTERFACE] = number());
    entry[LOCAL] = head & SAME_LOCAL ? locals.before(eni) : word();
    locals.isAsBefore(eni, entry[LOCAL]);
    entry[REMOTE] = word();
    entry[PORTS] = word();
    if ((head & SAME_KIND) === 0) entry[KIND] = number();
    entry[LAST] = entry[LAST] + signed(number());
    entry[FIRST_OUT] = head & HAS_OUT ? entry[LAST] - signed(number()) : NEVER;
    entry[FIRST_IN] = head & HAS_IN ? entry[LAST] - signed(number()) : NEVER;
    entry[FLAGS] = head & HAS_FLAGS ? number() : 0;
    entry[STATE] = number();
    entry[OPENED_BY] = head & IS_OPENED ? number() : 0;
    entry[TOTAL_PACKETS] = number() | (number() << 16);
    entry[TOTAL_BYTES_OUT] = number();
    entry[TOTAL_BYTES_IN] = number();
    take(entry);
  }
}

/** The local address that each interface had last: most have one. */
function createLocals(): { before(eni: number): number; isAsBefore(eni: number, local: number): boolean } {
  let locals = new Uint32Array(256);
  return {
    before: (eni) => locals[eni] ?? 0,
    isAsBefore(eni, local) {
      if (eni >= locals.length) {
        const more = new Uint32Array(Math.max(eni + 1, locals.length * 2));
        more.set(locals);
        locals = more;
      }
      const same = locals[eni] === local;
      locals[eni] = local;
      return same;
    },
  };
}

/** `a - b` modulo 2^32 with its sign in the lowest bit, so that small ones of either sign are small numbers. */
function difference(a: number, b: number): number {
  const between = (a - b) | 0;
  return ((between << 1) ^ (between >> 31)) >>> 0;
}

function signed(number: number): number {
  return (number >>> 1) ^ -(number & 1);
}

function putNumber(out: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 128) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

function putWord(out: Uint8Array, at: number, value: number): number {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
  return at + 4;
}
