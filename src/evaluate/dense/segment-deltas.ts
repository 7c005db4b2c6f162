// What a segment adds to its connections, in columns of its own: an entry of the connection table then stays one line of
// the processor's cache. Prefetching them took 105 ms to 81 ms (test/bench/README.md, "The processor").
import { DELTA, LAST, STRIDE } from "../conntrack/entry-layout.ts";
import { forEachChunk, keepPrefetched } from "./loops.ts";

/** Sums of a delta: packets out, packets in, bytes out, bytes in. */
export const DELTA_SUMS = 4;

const NO_NUMBERS = new Uint32Array(0);

/** The connections that a segment has records of, in the order in which they were met, and what it adds to each. */
export class SegmentDeltas {
  count = -1;
  /** The entry of each delta. */
  entries = new Int32Array(0);
  /** Latest end of what was accepted of the connection before the segment; 0 for a new one. */
  priorEnds = NO_NUMBERS;
  /** `DELTA_SUMS` numbers for each delta. */
  sums = new Float64Array(0);
  /**
   * Openings that were seen, from the interface in the lower 16 bits and towards it above: SYN-ACKs for TCP, exchanges
   * after a silence for ICMP.
   */
  openings = NO_NUMBERS;

  constructor() {
    this.count = 0;
    this.makeRoom(1 << 18);
  }

  /** Index of the delta of an entry; the first record of a connection makes one. */
  indexOf(words: Uint32Array, entry: number): number {
    const base = entry * STRIDE;
    const known = words[base + DELTA];
    if (known !== 0) return known - 1;
    if (this.count === this.entries.length) this.makeRoom(this.count * 2);
    const index = this.count++;
    words[base + DELTA] = index + 1;
    this.entries[index] = entry;
    this.priorEnds[index] = words[base + LAST];
    return index;
  }

  /** Prefetches the sums of the entries of the rows `[from, to)`; those below 0 are none. */
  prefetchSums(words: Uint32Array, entries: Int32Array, from: number, to: number): void {
    const { sums } = this;
    let sum = 0;
    for (let row = from; row < to; row++) {
      if (entries[row] < 0) continue;
      const delta = words[entries[row] * STRIDE + DELTA];
      if (delta !== 0) sum += sums[(delta - 1) * DELTA_SUMS];
    }
    keepPrefetched(sum);
  }

  /** Drops what the segment added to an entry so far. */
  reset(words: Uint32Array, entry: number): void {
    const index = this.indexOf(words, entry);
    this.sums.fill(0, index * DELTA_SUMS, (index + 1) * DELTA_SUMS);
    this.openings[index] = 0;
  }

  /** Ends the segment: no entry has a delta any more. */
  clear(words: Uint32Array): void {
    const { count, entries } = this;
    forEachChunk(count, (from, to) => detach(words, entries, from, to));
    this.sums.fill(0, 0, count * DELTA_SUMS);
    this.openings.fill(0, 0, count);
    this.count = 0;
  }

  private makeRoom(capacity: number): void {
    const { entries, priorEnds, sums, openings } = this;
    this.entries = new Int32Array(capacity);
    this.entries.set(entries);
    this.priorEnds = new Uint32Array(capacity);
    this.priorEnds.set(priorEnds);
    this.sums = new Float64Array(capacity * DELTA_SUMS);
    this.sums.set(sums);
    this.openings = new Uint32Array(capacity);
    this.openings.set(openings);
  }
}

function detach(words: Uint32Array, entries: Int32Array, from: number, to: number): void {
  for (let index = from; index < to; index++) words[entries[index] * STRIDE + DELTA] = 0;
}
