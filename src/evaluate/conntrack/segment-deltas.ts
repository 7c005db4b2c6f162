import { forEachChunk } from "../chunks.ts";
import { LAST, PLACE, STRIDE } from "./layout.ts";

/** The connections that a segment touched, and what it adds to each: the rest of an entry outlives the segment. */
export interface SegmentDeltas {
  readonly count: number;
  /** Entries by place, in the order in which they were touched first. */
  readonly entries: Uint32Array;
  /** Latest end, by place, of what was accepted of it before the segment; 0 for a new one. */
  readonly priors: Uint32Array;
  /** Four sums a place: packets out, packets in, bytes out, bytes in. */
  readonly sums: Float64Array;
  /**
   * Openings by place, from the interface and, shifted by 16, towards it: for TCP its SYN-ACKs, for ICMP exchanges after a
   * silence (each ping is a connection of its own).
   */
  readonly openings: Uint32Array;
  /** Place of an entry, made when the segment had not touched it yet. */
  placeOf(words: Uint32Array, entry: number): number;
  /** Reads the entries of the places `[from, to)`, so that whoever needs them next finds them in the processor's cache. */
  warm(words: Uint32Array, from: number, to: number): void;
  /** The same for what the segment has added so far to the entries of the rows `[from, to)`. */
  warmSums(words: Uint32Array, entries: Int32Array, from: number, to: number): void;
  /** Forgets what the segment added to an entry that it touched. */
  reset(words: Uint32Array, entry: number): void;
  /** The end of a segment: its entries are untouched again. */
  clear(words: Uint32Array): void;
}

export const DELTA_SUMS = 4;

export function createSegmentDeltas(): SegmentDeltas {
  let capacity = 1 << 18;
  const read = new Uint32Array(1);
  const touched = {
    count: 0,
    // Set here and once more by `makeRoom`: fields that are only ever initialised are compiled as constants.
    entries: new Uint32Array(0),
    priors: new Uint32Array(0),
    sums: new Float64Array(0),
    openings: new Uint32Array(0),
    placeOf(words: Uint32Array, entry: number): number {
      const base = entry * STRIDE;
      const known = words[base + PLACE];
      if (known !== 0) return known - 1;
      if (touched.count === capacity) {
        capacity *= 2;
        makeRoom();
      }
      const place = touched.count++;
      words[base + PLACE] = place + 1;
      touched.entries[place] = entry;
      touched.priors[place] = words[base + LAST];
      return place;
    },
    warm(words: Uint32Array, from: number, to: number): void {
      const { entries } = touched;
      let sum = 0;
      for (let place = from; place < to; place++) sum ^= words[entries[place] * STRIDE];
      // Kept, or the compiler would leave the reads out.
      read[0] = sum;
    },
    warmSums(words: Uint32Array, entries: Int32Array, from: number, to: number): void {
      const { sums } = touched;
      let sum = 0;
      for (let row = from; row < to; row++) {
        if (entries[row] < 0) continue;
        const place = words[entries[row] * STRIDE + PLACE];
        if (place !== 0) sum += sums[(place - 1) * DELTA_SUMS];
      }
      read[0] = sum;
    },
    reset(words: Uint32Array, entry: number): void {
      const place = touched.placeOf(words, entry);
      touched.sums.fill(0, place * DELTA_SUMS, (place + 1) * DELTA_SUMS);
      touched.openings[place] = 0;
    },
    clear(words: Uint32Array): void {
      const { count, entries, sums, openings } = touched;
      forEachChunk(count, (from, to) => forgetPlaces(words, entries, from, to));
      sums.fill(0, 0, count * DELTA_SUMS);
      openings.fill(0, 0, count);
      touched.count = 0;
    },
  };
  const makeRoom = (): void => {
    const { entries, priors, sums, openings } = touched;
    touched.entries = new Uint32Array(capacity);
    touched.entries.set(entries);
    touched.priors = new Uint32Array(capacity);
    touched.priors.set(priors);
    touched.sums = new Float64Array(capacity * DELTA_SUMS);
    touched.sums.set(sums);
    touched.openings = new Uint32Array(capacity);
    touched.openings.set(openings);
  };
  makeRoom();
  return touched;
}

function forgetPlaces(words: Uint32Array, entries: Uint32Array, from: number, to: number): void {
  for (let place = from; place < to; place++) words[entries[place] * STRIDE + PLACE] = 0;
}
