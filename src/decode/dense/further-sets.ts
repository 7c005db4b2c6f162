// Dense code: finds the number of a record's further fields from the bytes of its line. Fields that stand side by side are one
// piece of text; a key is the layout and the pieces, each with its length before it and filled up to whole words. One table
// for whole records: a step for each piece took twice as long, for what it read from memory. Measured with
// `node .bench/test/bench/decode.js` ("v5, 25 fields").
import { EXTRA, type Layout } from "../fields.ts";
import { furtherNames, NO_FURTHER, writeFurther } from "../further-fields.ts";
import { ByteDictionary } from "./dictionary.ts";

/** Sets that are kept apart; of a record with one more, the further fields are not stored. */
const MOST_SETS = 1 << 20;
const HASH = 35;

/** The further fields of records as numbers, in order of their first appearance; 0: none has a value. */
export class FurtherSets {
  /** The text of each number (further-fields.ts). */
  readonly sets = new ByteDictionary([NO_FURTHER]);
  /** Some sets were left out, because there are more than are kept. */
  overflowed = false;
  /** Where the last piece ended, -1 if it was of another form. */
  end = 0;
  private readonly bounds = new Int32Array(128);
  private pieces = 0;
  private keys = new Uint32Array(1 << 12);
  private used = 0;
  private offsets = new Uint32Array(1 << 8);
  private numbers = new Uint32Array(1 << 8);
  private known = 0;
  private slots = new Int32Array(1 << 9).fill(-1);
  private readonly roots = new WeakMap<Layout, number>();
  private readonly rootsByFields = new Map<string, number>();

  /** Where the key of a record begins: the number of its layout. */
  rootOf(layout: Layout): number {
    let root = this.roots.get(layout);
    if (root === undefined) {
      // Each object has a layout of its own, of the same fields as those before.
      const fields = layout.names.join(" ");
      root = this.rootsByFields.get(fields) ?? this.rootsByFields.size;
      this.rootsByFields.set(fields, root);
      this.roots.set(layout, root);
    }
    return root;
  }

  begin(): void {
    this.pieces = 0;
  }

  /**
   * Adds the next `count` fields, with one space between them from offset `from` on, to a key; returns the new hash. They
   * end at `end`. A word behind them must be readable.
   */
  add(hash: number, bytes: Uint8Array, view: DataView, from: number, count: number): number {
    const end = endOfRun(view, bytes, from, count);
    this.end = end;
    if (end < 0) return 0;
    this.bounds[this.pieces * 2] = from;
    this.bounds[this.pieces * 2 + 1] = end;
    this.pieces++;
    return hashPiece(hash, view, from, end - from);
  }

  /** The number of the pieces that were added, -1 if they have not been met. */
  find(root: number, hash: number, view: DataView): number {
    const { slots, keys, offsets, bounds } = this;
    const mask = slots.length - 1;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot];
      if (id < 0) return -1;
      let at = offsets[id];
      if (keys[at++] !== root) continue;
      let piece = 0;
      for (; piece < this.pieces; piece++) {
        const from = bounds[piece * 2];
        const length = bounds[piece * 2 + 1] - from;
        if (keys[at++] !== length) break;
        const whole = from + (length & ~3);
        let position = from;
        for (; position < whole && keys[at] === view.getUint32(position, true); position += 4) at++;
        if (position < whole) break;
        const tail = tailMaskOf(length);
        if (tail !== 0 && keys[at++] !== (view.getUint32(whole, true) & tail) >>> 0) break;
      }
      if (piece === this.pieces) return this.numbers[id];
    }
  }

  /** The number of the further fields in a line that the parser has taken apart: `starts[i]..ends[i]` is field i. */
  learn(layout: Layout, bytes: Uint8Array, starts: ArrayLike<number>, ends: ArrayLike<number>): number {
    const values = layout.names.map((_, at) =>
      layout.kinds[at] === EXTRA
        ? Buffer.from(bytes.buffer, bytes.byteOffset + starts[at], ends[at] - starts[at]).toString("latin1")
        : "-",
    );
    const text = writeFurther(furtherNames(layout), values);
    if (this.sets.size >= MOST_SETS && this.sets.idIfKnown(text) < 0) {
      this.overflowed = true;
      return 0;
    }
    const set = this.sets.idOf(text);
    if (layout.scannable && this.known < MOST_SETS) this.remember(set, layout, bytes, starts, ends);
    return set;
  }

  private remember(
    set: number,
    layout: Layout,
    bytes: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
  ): void {
    // A copy with a word behind it, in which the pieces lie as in the line.
    const first = starts[0];
    const line = new Uint8Array(ends[layout.kinds.length - 1] - first + 4);
    line.set(bytes.subarray(first, first + line.length - 4));
    const view = new DataView(line.buffer);
    const root = this.rootOf(layout);
    let hash = root;
    this.begin();
    for (let field = 0; field < layout.kinds.length; field++) {
      const count = layout.extraRuns[field];
      if (count === 0) continue;
      hash = this.add(hash, line, view, starts[field] - first, count);
      // Other blanks than one space: the scanner does not take such a line.
      if (this.end < 0) return;
    }
    if (this.find(root, hash, view) < 0) this.insert(set, root, hash, view);
  }

  private insert(set: number, root: number, hash: number, view: DataView): void {
    const id = this.known++;
    if (id + 1 >= this.offsets.length) {
      this.offsets = grown(this.offsets);
      this.numbers = grown(this.numbers);
    }
    this.offsets[id] = this.used;
    this.numbers[id] = set;
    this.put(root);
    for (let piece = 0; piece < this.pieces; piece++) {
      const from = this.bounds[piece * 2];
      const length = this.bounds[piece * 2 + 1] - from;
      this.put(length);
      for (let at = 0; at < length; at += 4) {
        const word = view.getUint32(from + at, true);
        this.put(length - at < 4 ? (word & tailMaskOf(length)) >>> 0 : word);
      }
    }
    this.put(hash);
    if (this.known * 2 > this.slots.length) {
      this.slots = new Int32Array(this.slots.length * 2).fill(-1);
      for (let one = 0; one < id; one++) this.place(one, this.keys[this.offsets[one + 1] - 1]);
    }
    this.offsets[id + 1] = this.used;
    this.place(id, hash);
  }

  private place(id: number, hash: number): void {
    const mask = this.slots.length - 1;
    let slot = spread(hash) & mask;
    while (this.slots[slot] >= 0) slot = (slot + 1) & mask;
    this.slots[slot] = id;
  }

  private put(word: number): void {
    if (this.used === this.keys.length) this.keys = grown(this.keys);
    this.keys[this.used++] = word;
  }
}

function grown(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}

function hashPiece(start: number, view: DataView, from: number, length: number): number {
  let hash = (start ^ length) | 0;
  const whole = from + (length & ~3);
  for (let at = from; at < whole; at += 4)
    hash = Math.imul(hash ^ view.getUint32(at, true), 0x9e3779b1) ^ (hash >>> 13);
  const tail = tailMaskOf(length);
  return tail === 0 ? hash : Math.imul(hash ^ (view.getUint32(whole, true) & tail), 0x85ebca6b);
}

function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** Keeps the 0-3 bytes of a little-endian word that belong to a text of this length. */
function tailMaskOf(length: number): number {
  return (1 << ((length & 3) << 3)) - 1;
}

/** Offset after `count` fields with one space between them, from `p` on; -1 if they are of another form. */
function endOfRun(view: DataView, bytes: Uint8Array, p: number, count: number): number {
  let end = p;
  for (let field = 0; field < count; field++) {
    if (field > 0 && bytes[end++] !== 32) return -1;
    if (bytes[end] <= 32 || bytes[end] === HASH) return -1;
    end = endOfField(view, end);
  }
  return end;
}

/** Offset of the first byte of 32 or less from `p` on. */
export function endOfField(view: DataView, p: number): number {
  for (;;) {
    const word = view.getUint32(p, true);
    // The lowest marked byte is exact; borrows only reach the bytes above it.
    const low = (word - 0x21212121) & ~word & 0x80808080;
    if (low !== 0) return p + ((31 - Math.clz32(low & -low)) >> 3);
    p += 4;
  }
}
