/** Admitted connections, summed per day, interface, rule set, initiator, protocol, service port and peer. */
export interface TrafficFacts {
  rows: number;
  /** Ten words a row: day, interface, rule set, direction, protocol, port, family, peer (address or pool number), first, last. */
  words: Uint32Array;
  /** Eight sums a row: connections, replied, meaningful, reset, packets, bytes, reply packets, reply bytes. */
  sums: Float64Array;
}

export const TRAFFIC_WORDS = 10;
export const TRAFFIC_SUMS = 8;

export interface TrafficCollector {
  readonly facts: TrafficFacts;
  /** The row for a key, made when it is new; add to its sums directly. */
  row(
    day: number,
    eni: number,
    ruleSet: number,
    direction: number,
    protocol: number,
    port: number,
    family: number,
    peer: number,
  ): number;
  /** Reads where the rows of the first `count` hashes are, so that they are in the processor's cache when asked for. */
  warm(hashes: Uint32Array, count: number): void;
  clear(): void;
}

/** `room`: rows there is room for at the start, a power of two. What is not used costs no memory, to grow costs a copy. */
export function createTrafficCollector(room: number): TrafficCollector {
  let capacity = room;
  // A row is found by the words of its key; half of the slots at the most are taken: a row + 1, 0 for none.
  let slots = new Int32Array(capacity * 2);
  const facts: TrafficFacts = {
    rows: 0,
    words: new Uint32Array(0),
    sums: new Float64Array(0),
  };
  // Set a second time: what V8 takes for constant would have everything that uses it compiled anew when it changes.
  facts.words = new Uint32Array(capacity * TRAFFIC_WORDS);
  facts.sums = new Float64Array(capacity * TRAFFIC_SUMS);
  const read = new Float64Array(1);
  const grow = (): void => {
    const { words, sums } = facts;
    capacity *= 2;
    facts.words = new Uint32Array(capacity * TRAFFIC_WORDS);
    facts.words.set(words);
    facts.sums = new Float64Array(capacity * TRAFFIC_SUMS);
    facts.sums.set(sums);
    slots = new Int32Array(capacity * 2);
    const mask = slots.length - 1;
    for (let row = 0; row < facts.rows; row++) {
      const at = row * TRAFFIC_WORDS;
      let slot = hashOfTraffic(words[at], words[at + 1], words[at + 5], words[at + 7]) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = row + 1;
    }
  };
  return {
    facts,
    row(day, eni, ruleSet, direction, protocol, port, family, peer) {
      if (facts.rows === capacity) grow();
      const { words, sums } = facts;
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
      const row = facts.rows++;
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
      sums.fill(0, row * TRAFFIC_SUMS, (row + 1) * TRAFFIC_SUMS);
      return row;
    },
    warm(hashes, count) {
      // Short loops: the processor has many of their reads under way at once.
      const { words, sums } = facts;
      const mask = slots.length - 1;
      for (let at = 0; at < count; at++) hashes[at] = slots[hashes[at] & mask];
      let sum = 0;
      for (let at = 0; at < count; at++) {
        if (hashes[at] !== 0) sum += words[(hashes[at] - 1) * TRAFFIC_WORDS] + sums[(hashes[at] - 1) * TRAFFIC_SUMS];
      }
      // Kept, or the compiler would leave the reads out.
      read[0] = sum;
    },
    clear() {
      if (facts.rows === 0) return;
      facts.rows = 0;
      slots.fill(0);
    },
  };
}

/** Of what a connection's entry shows at a glance: rows of one peer, port and day hardly ever differ in the rest. */
export function hashOfTraffic(day: number, eni: number, port: number, peer: number): number {
  let hash = Math.imul(peer ^ Math.imul(eni, 0x85ebca6b), 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + Math.imul(day, 0xc2b2ae35) + port, 0x27d4eb2f);
  return hash ^ (hash >>> 16);
}
