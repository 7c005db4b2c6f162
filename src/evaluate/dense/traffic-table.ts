// Sums of traffic as rows of two typed arrays behind an open hash table. Adding to rows that were prefetched took 131 ms
// instead of 165 ms (test/bench/README.md, "The processor").
import { keepPrefetched } from "./loops.ts";

export const TRAFFIC_WORDS = 10;
export const TRAFFIC_SUMS = 8;

/** Admitted connections, summed by day, interface, rule set, initiator, protocol, service port and peer. */
export class TrafficTable {
  rows = -1;
  /** Ten words a row: day, interface, rule set, direction, protocol, port, family, peer (address or pool number), first, last. */
  words = new Uint32Array(0);
  /** Eight sums a row: connections, replied, meaningful, reset, packets, bytes, reply packets, reply bytes. */
  sums = new Float64Array(0);
  /** A row + 1, 0 for none. At most half of the slots are taken. */
  private slots = new Int32Array(0);

  /** `capacity`: initial number of rows, a power of two. Unused rows cost no memory, growing costs a copy. */
  constructor(capacity: number) {
    this.rows = 0;
    this.makeRoom(capacity);
  }

  /** The row of a key, made if it is new; the caller adds to its sums. */
  row(
    day: number,
    eni: number,
    ruleSet: number,
    direction: number,
    protocol: number,
    port: number,
    family: number,
    peer: number,
  ): number {
    if (this.rows * 2 === this.slots.length) this.grow();
    const { words, slots } = this;
    const mask = slots.length - 1;
    let slot = hashOfTraffic(day, eni, port, peer) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const at = (slots[slot] - 1) * TRAFFIC_WORDS;
      if (
        words[at + 7] === peer &&
        words[at + 1] === eni &&
        words[at + 2] === ruleSet &&
        words[at + 5] === port &&
        words[at + 3] === direction &&
        words[at + 4] === protocol &&
        words[at + 6] === family &&
        words[at] === day
      ) {
        return slots[slot] - 1;
      }
    }
    const row = this.rows++;
    slots[slot] = row + 1;
    const at = row * TRAFFIC_WORDS;
    words[at] = day;
    words[at + 1] = eni;
    words[at + 2] = ruleSet;
    words[at + 3] = direction;
    words[at + 4] = protocol;
    words[at + 5] = port;
    words[at + 6] = family;
    words[at + 7] = peer;
    words[at + 8] = 0xffffffff;
    words[at + 9] = 0;
    this.sums.fill(0, row * TRAFFIC_SUMS, (row + 1) * TRAFFIC_SUMS);
    return row;
  }

  /** Prefetches the rows of the first `count` hashes, which it overwrites. */
  prefetch(hashes: Uint32Array, count: number): void {
    const { words, sums, slots } = this;
    const mask = slots.length - 1;
    for (let at = 0; at < count; at++) hashes[at] = slots[hashes[at] & mask];
    let sum = 0;
    for (let at = 0; at < count; at++) {
      if (hashes[at] !== 0) sum += words[(hashes[at] - 1) * TRAFFIC_WORDS] + sums[(hashes[at] - 1) * TRAFFIC_SUMS];
    }
    keepPrefetched(sum);
  }

  clear(): void {
    if (this.rows === 0) return;
    this.rows = 0;
    this.slots.fill(0);
  }

  private makeRoom(capacity: number): void {
    const { words, sums } = this;
    this.words = new Uint32Array(capacity * TRAFFIC_WORDS);
    this.words.set(words);
    this.sums = new Float64Array(capacity * TRAFFIC_SUMS);
    this.sums.set(sums);
    this.slots = new Int32Array(capacity * 2);
  }

  private grow(): void {
    this.makeRoom(this.slots.length);
    const { words, slots } = this;
    const mask = slots.length - 1;
    for (let row = 0; row < this.rows; row++) {
      const at = row * TRAFFIC_WORDS;
      let slot = hashOfTraffic(words[at], words[at + 1], words[at + 5], words[at + 7]) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = row + 1;
    }
  }
}

/** Leaves out the rest of the key, in which rows of one peer, port and day hardly ever differ. */
export function hashOfTraffic(day: number, eni: number, port: number, peer: number): number {
  let hash = Math.imul(peer ^ Math.imul(eni, 0x85ebca6b), 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + Math.imul(day, 0xc2b2ae35) + port, 0x27d4eb2f);
  return hash ^ (hash >>> 16);
}
