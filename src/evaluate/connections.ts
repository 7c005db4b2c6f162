/**
 * The memory of the evaluator: one entry per connection at an interface, 16 words in one buffer, found by open addressing.
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
/** Reading of the earliest accepted record (number + 1). */
export const OPENED_BY = 10;
/** Totals, saturating: packets out | packets in << 16, then bytes out and in. */
export const TOTAL_PACKETS = 11;
export const TOTAL_BYTES_OUT = 12;
export const TOTAL_BYTES_IN = 13;
/** Place among the entries that the current segment touched (touched.ts), plus one; 0 while it did not. */
export const PLACE = 14;
/** Hash of the key, so that entries move between tables without being hashed again. */
export const HASH = 15;
/** One line of the processor's cache. */
export const STRIDE = 16;

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
export const COUNTED_OPENING = 1 << 15; // what was reported includes an opening that was seen
export const WANTED = 1 << 16; // a rejected record of the segment asks when its records were
export const COUNT_SHIFT = 17; // above: connections reported so far, saturating at MOST_COUNTED
export const MOST_COUNTED = 0x7fff;

export interface ConnectionTable {
  /** All entries; entry e begins at word e * STRIDE. */
  readonly words: Uint32Array;
  /** Entries in use: 0 .. size - 1, some of them superseded by a younger entry of the same key. */
  size: number;
  /** Entry of a key, or -1. */
  find(eni: number, local: number, remote: number, ports: number, kind: number): number;
  /** Entry of a key, made when there is none; `table.fresh` tells which. */
  findOrAdd(eni: number, local: number, remote: number, ports: number, kind: number): number;
  readonly fresh: boolean;
  /** Reads the entries of the rows `[from, to)`, so that whoever needs them next finds them in the processor's cache. */
  warmEntries(entries: Int32Array, from: number, to: number): void;
  /** A fresh entry for the key; an older one of the same key stays where it is, behind the younger one. */
  add(eni: number, local: number, remote: number, ports: number, kind: number): number;
  /** The entry of the same key that was superseded by this one, or -1. */
  older(entry: number): number;
  /** Makes an entry as if it were fresh; what was noted of the segment that touched it stays. */
  reset(entry: number): void;
  /** Keeps the entries for which `keep` is true, in order, and forgets the others. `link` before looking for any. */
  retain(keep: (base: number) => boolean): void;
  /** Lets `change` rewrite the keys of all entries. `link` before looking for any. */
  rekey(change: (words: Uint32Array, base: number) => void): void;
  /** Makes entries findable again: a pass over all of them, and so not made where nobody looks any more. */
  link(): void;
}

/** Start of the earliest accepted record, Unix seconds. */
export function openedAt(words: Uint32Array, base: number): number {
  return Math.min(words[base + FIRST_OUT], words[base + FIRST_IN]);
}

// A slot: entry + 1, and above it bits of the hash, so that most misses never touch an entry. 0: empty.
const ENTRY_BITS = 23;
const ENTRY_MASK = (1 << ENTRY_BITS) - 1;

export function createConnectionTable(initialEntries: number): ConnectionTable {
  let capacity = initialEntries;
  let words = new Uint32Array(capacity * STRIDE);
  let mask = capacity * 2 - 1;
  let slots = new Uint32Array(mask + 1);
  // Few keys have more than one entry.
  const superseded = new Map<number, number>();

  const hashOf = (eni: number, local: number, remote: number, ports: number, kind: number): number => {
    let hash = Math.imul(eni ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(local, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15) ^ remote, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 13) ^ ports, 0x165667b1);
    hash = Math.imul(hash ^ (hash >>> 16) ^ kind, 0x9e3779b1);
    return (hash ^ (hash >>> 15)) >>> 0;
  };

  const slotOf = (hash: number, eni: number, local: number, remote: number, ports: number, kind: number): number => {
    const tag = hash >>> ENTRY_BITS;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const held = slots[slot];
      if (held === 0) return slot;
      if (held >>> ENTRY_BITS !== tag) continue;
      const base = ((held & ENTRY_MASK) - 1) * STRIDE;
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
  };

  const hold = (slot: number, hash: number, entry: number): void => {
    if (slots[slot] !== 0) superseded.set(entry, (slots[slot] & ENTRY_MASK) - 1);
    slots[slot] = ((hash >>> ENTRY_BITS) << ENTRY_BITS) | (entry + 1);
  };

  const read = new Uint32Array(1);
  let linked = true;
  const relink = (): void => {
    linked = true;
    mask = capacity * 2 - 1;
    if (slots.length === mask + 1) slots.fill(0);
    else slots = new Uint32Array(mask + 1);
    superseded.clear();
    // In order of age: a younger entry of the same key takes the older one's place.
    for (let entry = 0; entry < table.size; entry++) {
      const base = entry * STRIDE;
      const hash = words[base + HASH];
      const slot = slotOf(
        hash,
        words[base + INTERFACE],
        words[base + LOCAL],
        words[base + REMOTE],
        words[base + PORTS],
        words[base + KIND],
      );
      hold(slot, hash, entry);
    }
  };

  const grow = (): void => {
    const old = words;
    capacity *= 2;
    if (capacity > ENTRY_MASK) throw new Error(`more than ${capacity / 2} connections at once`);
    words = new Uint32Array(capacity * STRIDE);
    words.set(old);
    table.words = words;
    relink();
  };

  const clear = (base: number): void => {
    words[base + FIRST_OUT] = NEVER;
    words[base + FIRST_IN] = NEVER;
    for (let word = LAST; word < PLACE; word++) words[base + word] = 0;
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
    words[base + PLACE] = 0;
    words[base + HASH] = hash;
    hold(slotOf(hash, eni, local, remote, ports, kind), hash, entry);
    table.fresh = true;
    return entry;
  };

  const table: ConnectionTable & { words: Uint32Array; fresh: boolean } = {
    words: NOTHING,
    size: 0,
    fresh: false,
    find(eni, local, remote, ports, kind) {
      return (slots[slotOf(hashOf(eni, local, remote, ports, kind), eni, local, remote, ports, kind)] & ENTRY_MASK) - 1;
    },
    findOrAdd(eni, local, remote, ports, kind) {
      const hash = hashOf(eni, local, remote, ports, kind);
      const held = slots[slotOf(hash, eni, local, remote, ports, kind)];
      if (held === 0) return put(hash, eni, local, remote, ports, kind);
      table.fresh = false;
      return (held & ENTRY_MASK) - 1;
    },
    warmEntries(entries, from, to) {
      // A short loop: the processor has many of these reads under way at once.
      let sum = 0;
      for (let row = from; row < to; row++) if (entries[row] >= 0) sum ^= words[entries[row] * STRIDE + STATE];
      // Kept, or the compiler would leave the reads out.
      read[0] = sum;
    },
    add: (eni, local, remote, ports, kind) =>
      put(hashOf(eni, local, remote, ports, kind), eni, local, remote, ports, kind),
    older: (entry) => superseded.get(entry) ?? -1,
    reset: (entry) => clear(entry * STRIDE),
    rekey(change) {
      for (let entry = 0; entry < table.size; entry++) {
        const base = entry * STRIDE;
        change(words, base);
        words[base + HASH] = hashOf(words[base], words[base + 1], words[base + 2], words[base + 3], words[base + 4]);
      }
      linked = false;
    },
    retain(keep) {
      let kept = 0;
      // Entries that stay side by side move together.
      let run = 0;
      const moveRun = (end: number): void => {
        if (kept !== run) words.copyWithin(kept * STRIDE, run * STRIDE, end * STRIDE);
        kept += end - run;
      };
      for (let entry = 0; entry < table.size; entry++) {
        if (keep(entry * STRIDE)) continue;
        moveRun(entry);
        run = entry + 1;
      }
      // Nothing goes, everything stays where it was found.
      if (run === 0) return;
      moveRun(table.size);
      table.size = kept;
      while (capacity > initialEntries && kept * 4 < capacity) capacity /= 2;
      if (words.length > capacity * STRIDE) words = words.slice(0, capacity * STRIDE);
      table.words = words;
      linked = false;
    },
    link() {
      if (!linked) relink();
    },
  };
  // Set a second time: what V8 takes for constant would have everything that uses it compiled anew when it changes.
  table.words = words;
  return table;
}

const NOTHING = new Uint32Array(0);
