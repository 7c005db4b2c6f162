/**
 * The memory of the evaluator: one entry per connection at an interface, 26 words in one buffer, found by open addressing.
 * A connection is the interface, both addresses, both ports and the protocol, seen from the interface, so that both
 * directions share an entry. IPv6 addresses enter as numbers of an address pool.
 */

// Words of an entry.
export const INTERFACE = 0;
export const LOCAL = 1;
export const REMOTE = 2;
export const PORTS = 3; // local port << 16 | remote port
export const KIND = 4; // protocol | family << 8
/** Start of the earliest accepted record from the interface, and towards it; NEVER when there is none. */
export const FIRST_OUT = 5;
export const FIRST_IN = 6;
/** Latest end of an accepted record. */
export const LAST = 7;
/** TCP flags seen from the interface, and towards it (`<< 8`), then `STATE_…` bits, initiator and evidence. */
export const FLAGS = 8;
export const STATE = 9;
/** Reading of the earliest accepted record (number + 1), and that record's start. */
export const OPENED_BY = 10;
export const OPENED_AT = 11;
// Words 12 to 19: four float64 sums since the entry was last reported (packets out, in; bytes out, in).
export const SUMS = 6; // as an index of `floats`, relative to half the entry's first word
/** Totals, saturating: packets out | packets in << 16, then bytes out and in. */
export const TOTAL_PACKETS = 20;
export const TOTAL_BYTES_OUT = 21;
export const TOTAL_BYTES_IN = 22;
/** Segment that touched the entry last. */
export const SEGMENT = 23;
/**
 * Openings since last reported, from the interface and, shifted by 16, towards it: for TCP its SYN-ACKs, for ICMP
 * exchanges after a silence (each ping is a connection of its own).
 */
export const OPENINGS = 24;
/** Hash of the key, so that entries move between tables without being hashed again. */
export const HASH = 25;
export const STRIDE = 26;

export const NEVER = 0xffffffff;

// Bits of STATE.
export const INITIATOR_MASK = 0b11; // 0 unknown, 1 local, 2 remote
export const EVIDENCE_SHIFT = 2;
export const EVIDENCE_MASK = 0b1111;
export const DECIDED = 1 << 6; // the initiator was decided in this or an earlier segment
export const COUNTED = 1 << 7; // reported as a connection
export const COUNTED_REPLIED = 1 << 8;
export const COUNTED_MEANINGFUL = 1 << 9;
export const COUNTED_RESET = 1 << 10;
export const SYN_SEEN = 1 << 11; // a record that opens a connection was seen
export const FLAGS_KNOWN = 1 << 12; // some record carried the field tcp-flags
export const REPLY_TRIED = 1 << 13; // a reply passed the groups and was stopped by the network ACL
export const COUNTED_REPLY_RULE = 1 << 14; // reported for the rule that lets an untracked flow's replies pass

export interface ConnectionTable {
  /** All entries; entry e begins at word e * STRIDE. */
  words: Uint32Array;
  floats: Float64Array;
  /** Entries in use: 0 .. size - 1, some of them superseded by a younger entry of the same key. */
  size: number;
  /** Entry of a key, or -1. */
  find(eni: number, local: number, remote: number, ports: number, kind: number): number;
  /** Entry of a key, made when there is none; `table.fresh` tells which. */
  findOrAdd(eni: number, local: number, remote: number, ports: number, kind: number): number;
  readonly fresh: boolean;
  /** A fresh entry for the key; an older one of the same key stays where it is but is no longer found. */
  add(eni: number, local: number, remote: number, ports: number, kind: number): number;
  /** Makes an entry as if it were fresh; what was noted of the segment that touched it stays. */
  reset(entry: number): void;
  /** Keeps the entries for which `keep` is true, in order, and forgets the others. */
  retain(keep: (base: number) => boolean): void;
  /** Lets `change` rewrite the keys of all entries. */
  rekey(change: (words: Uint32Array, base: number) => void): void;
}

export function createConnectionTable(initialEntries: number): ConnectionTable {
  let capacity = initialEntries;
  let words = new Uint32Array(capacity * STRIDE);
  let mask = capacity * 2 - 1;
  // Two words a slot: entry + 1, and the hash, so that most misses never touch an entry.
  let slots = new Uint32Array((mask + 1) * 2);

  const hashOf = (eni: number, local: number, remote: number, ports: number, kind: number): number => {
    let hash = Math.imul(eni ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(local, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15) ^ remote, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 13) ^ ports, 0x165667b1);
    hash = Math.imul(hash ^ (hash >>> 16) ^ kind, 0x9e3779b1);
    return (hash ^ (hash >>> 15)) >>> 0;
  };

  const slotOf = (hash: number, eni: number, local: number, remote: number, ports: number, kind: number): number => {
    let slot = hash & mask;
    for (;;) {
      const entry = slots[slot * 2];
      if (entry === 0) return slot;
      if (slots[slot * 2 + 1] === hash) {
        const base = (entry - 1) * STRIDE;
        if (
          words[base + PORTS] === ports &&
          words[base + REMOTE] === remote &&
          words[base + LOCAL] === local &&
          words[base + INTERFACE] === eni &&
          words[base + KIND] === kind
        ) {
          return slot;
        }
      }
      slot = (slot + 1) & mask;
    }
  };

  const relink = (): void => {
    mask = capacity * 2 - 1;
    slots = new Uint32Array((mask + 1) * 2);
    // In order of age: a younger entry of the same key takes the older one's place.
    for (let entry = 0; entry < table.size; entry++) {
      const base = entry * STRIDE;
      const hash = words[base + HASH];
      let slot = hash & mask;
      while (
        slots[slot * 2] !== 0 &&
        (slots[slot * 2 + 1] !== hash || !sameKey(base, (slots[slot * 2] - 1) * STRIDE))
      ) {
        slot = (slot + 1) & mask;
      }
      slots[slot * 2] = entry + 1;
      slots[slot * 2 + 1] = hash;
    }
  };

  const sameKey = (a: number, b: number): boolean => {
    for (let word = INTERFACE; word <= KIND; word++) if (words[a + word] !== words[b + word]) return false;
    return true;
  };

  const grow = (): void => {
    const old = words;
    capacity *= 2;
    words = new Uint32Array(capacity * STRIDE);
    words.set(old);
    publish();
    relink();
  };

  const clear = (base: number): void => {
    for (let word = FIRST_OUT; word < SEGMENT; word++) words[base + word] = 0;
    words[base + OPENINGS] = 0;
    words[base + FIRST_OUT] = NEVER;
    words[base + FIRST_IN] = NEVER;
    words[base + OPENED_AT] = NEVER;
  };

  const put = (hash: number, eni: number, local: number, remote: number, ports: number, kind: number): number => {
    if (table.size === capacity) grow();
    const entry = table.size++;
    const base = entry * STRIDE;
    words[base + INTERFACE] = eni;
    words[base + LOCAL] = local;
    words[base + REMOTE] = remote;
    words[base + PORTS] = ports;
    words[base + KIND] = kind;
    clear(base);
    words[base + SEGMENT] = 0;
    words[base + HASH] = hash;
    const slot = slotOf(hash, eni, local, remote, ports, kind);
    slots[slot * 2] = entry + 1;
    slots[slot * 2 + 1] = hash;
    table.fresh = true;
    return entry;
  };

  const table: ConnectionTable & { fresh: boolean } = {
    words,
    floats: new Float64Array(words.buffer),
    size: 0,
    fresh: false,
    find(eni, local, remote, ports, kind) {
      return slots[slotOf(hashOf(eni, local, remote, ports, kind), eni, local, remote, ports, kind) * 2] - 1;
    },
    findOrAdd(eni, local, remote, ports, kind) {
      const hash = hashOf(eni, local, remote, ports, kind);
      const entry = slots[slotOf(hash, eni, local, remote, ports, kind) * 2];
      if (entry !== 0) {
        table.fresh = false;
        return entry - 1;
      }
      return put(hash, eni, local, remote, ports, kind);
    },
    add: (eni, local, remote, ports, kind) =>
      put(hashOf(eni, local, remote, ports, kind), eni, local, remote, ports, kind),
    reset: (entry) => clear(entry * STRIDE),
    rekey(change) {
      for (let entry = 0; entry < table.size; entry++) {
        const base = entry * STRIDE;
        change(words, base);
        words[base + HASH] = hashOf(words[base], words[base + 1], words[base + 2], words[base + 3], words[base + 4]);
      }
      relink();
    },
    retain(keep) {
      let kept = 0;
      for (let entry = 0; entry < table.size; entry++) {
        const base = entry * STRIDE;
        if (!keep(base)) continue;
        if (kept !== entry) words.copyWithin(kept * STRIDE, base, base + STRIDE);
        kept++;
      }
      table.size = kept;
      while (capacity > initialEntries && kept * 4 < capacity) capacity /= 2;
      if (words.length > capacity * STRIDE) words = words.slice(0, capacity * STRIDE);
      publish();
      relink();
    },
  };
  const publish = (): void => {
    table.words = words;
    table.floats = new Float64Array(words.buffer);
  };
  return table;
}
