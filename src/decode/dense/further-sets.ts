// Dense code: finds the number of a record's further fields from the bytes of its line. Fields that stand side by side are
// looked up as one piece of text; the pieces of a record lead from state to state, and a state answers with the number.
// Measured with `node .bench/test/bench/decode.js` ("v5, 25 fields").
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
  private readonly pieces = new ByteDictionary();
  // Steps from a state by a piece: an open hash table of three columns.
  private froms = new Int32Array(1 << 10);
  private pieceIds = new Int32Array(1 << 10);
  private tos = new Int32Array(1 << 10).fill(-1);
  private states = 0;
  /** The number of the set that a state stands for, -1 if it is not known. */
  private answers = new Int32Array(1 << 10).fill(-1);
  private readonly roots = new WeakMap<Layout, number>();

  /** The state before the first piece of a record. */
  rootOf(layout: Layout): number {
    let root = this.roots.get(layout);
    if (root === undefined) {
      root = this.newState();
      this.roots.set(layout, root);
    }
    return root;
  }

  /** The state after the piece at `[from, to)`, -1 if it has not been met. A word behind it must be readable. */
  step(state: number, view: DataView, from: number, to: number): number {
    const piece = this.pieces.known(view, from, to - from);
    return piece < 0 ? -1 : this.next(state, piece);
  }

  answer(state: number): number {
    return this.answers[state];
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
    let state = this.rootOf(layout);
    for (let field = 0; field < layout.kinds.length; field++) {
      const last = field + layout.extraRuns[field] - 1;
      if (last < field) continue;
      const piece = this.pieces.id(bytes, starts[field], ends[last]);
      const next = this.next(state, piece);
      state = next < 0 ? this.addStep(state, piece) : next;
    }
    this.answers[state] = set;
    return set;
  }

  private next(state: number, piece: number): number {
    const { froms, pieceIds, tos } = this;
    const mask = tos.length - 1;
    for (let slot = hashOf(state, piece) & mask; ; slot = (slot + 1) & mask) {
      const to = tos[slot];
      if (to < 0) return -1;
      if (froms[slot] === state && pieceIds[slot] === piece) return to;
    }
  }

  private addStep(state: number, piece: number): number {
    if (this.states * 2 >= this.tos.length) this.grow();
    const to = this.newState();
    this.insert(state, piece, to);
    return to;
  }

  private insert(state: number, piece: number, to: number): void {
    const mask = this.tos.length - 1;
    let slot = hashOf(state, piece) & mask;
    while (this.tos[slot] >= 0) slot = (slot + 1) & mask;
    this.froms[slot] = state;
    this.pieceIds[slot] = piece;
    this.tos[slot] = to;
  }

  private newState(): number {
    if (this.states === this.answers.length) {
      const answers = new Int32Array(this.states * 2).fill(-1);
      answers.set(this.answers);
      this.answers = answers;
    }
    return this.states++;
  }

  private grow(): void {
    const { froms, pieceIds, tos } = this;
    this.froms = new Int32Array(tos.length * 2);
    this.pieceIds = new Int32Array(tos.length * 2);
    this.tos = new Int32Array(tos.length * 2).fill(-1);
    for (let slot = 0; slot < tos.length; slot++) {
      if (tos[slot] >= 0) this.insert(froms[slot], pieceIds[slot], tos[slot]);
    }
  }
}

function hashOf(state: number, piece: number): number {
  const hash = Math.imul(state ^ Math.imul(piece, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** Offset after `count` fields with one space between them, from `p` on; -1 if they are of another form. */
export function endOfRun(view: DataView, bytes: Uint8Array, p: number, count: number): number {
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
