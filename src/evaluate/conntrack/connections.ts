import {
  FIRST_IN,
  FIRST_OUT,
  HASH,
  INTERFACE,
  KEY_ENTRY,
  KEY_HASH,
  KEY_SLOT,
  KEY_WORDS,
  KIND,
  LAST,
  LOCAL,
  NEVER,
  PLACE,
  PORTS,
  REMOTE,
  STATE,
  STRIDE,
} from "./layout.ts";

/**
 * The memory of the evaluator: one entry per connection at an interface, 16 words in one buffer, found by open addressing.
 * A connection is the interface, both addresses, both ports and the protocol, seen from the interface, so that both
 * directions share an entry. IPv6 addresses enter as numbers of an address pool.
 */

export interface ConnectionTable {
  /** All entries; entry e begins at word e * STRIDE. */
  readonly words: Uint32Array;
  /** Entries in use: 0 .. size - 1, some of them superseded by a younger entry of the same key. */
  size: number;
  /** Finds the entries of the first `count` keys (row-key.ts) and writes them behind the keys, -1 where there is none. */
  findAll(keys: Uint32Array, count: number): void;
  /** The same, with a fresh entry where there was none: nothing is accepted of it yet. */
  findOrAddAll(keys: Uint32Array, count: number): void;
  /** Reads the entries of the rows `[from, to)`, so that whoever needs them next finds them in the processor's cache. */
  warmEntries(entries: Int32Array, from: number, to: number): void;
  /** A fresh entry for the key at `keys[at]`; an older one of the same key stays where it is, behind the younger one. */
  add(keys: Uint32Array, at: number): number;
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

  /** The slot of the key at `keys[at]`: one that holds its youngest entry, or is empty. */
  const slotOf = (hash: number, keys: Uint32Array, at: number): number => {
    const tag = hash >>> ENTRY_BITS;
    const eni = keys[at + INTERFACE];
    const local = keys[at + LOCAL];
    const remote = keys[at + REMOTE];
    const ports = keys[at + PORTS];
    const kind = keys[at + KIND];
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
      const hash = words[entry * STRIDE + HASH];
      hold(slotOf(hash, words, entry * STRIDE), hash, entry);
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

  const put = (hash: number, keys: Uint32Array, at: number): number => {
    if (table.size === capacity) grow();
    const entry = table.size++;
    const base = entry * STRIDE;
    for (let word = INTERFACE; word <= KIND; word++) words[base + word] = keys[at + word];
    clear(base);
    words[base + PLACE] = 0;
    words[base + HASH] = hash;
    hold(slotOf(hash, words, base), hash, entry);
    return entry;
  };

  /**
   * Hashes the keys and reads what they will be compared with, in short loops: the processor has many of such reads under
   * way at once, and the loop that compares finds everything in its cache. That loop alone would wait for each in turn.
   */
  const warmKeys = (keys: Uint32Array, end: number): void => {
    for (let at = 0; at < end; at += KEY_WORDS) keys[at + KEY_HASH] = hashOf(keys, at);
    for (let at = 0; at < end; at += KEY_WORDS) keys[at + KEY_SLOT] = slots[keys[at + KEY_HASH] & mask];
    let sum = 0;
    for (let at = 0; at < end; at += KEY_WORDS) {
      const held = keys[at + KEY_SLOT];
      if (held !== 0) sum ^= words[((held & ENTRY_MASK) - 1) * STRIDE];
    }
    // Kept, or the compiler would leave the reads out.
    read[0] = sum;
  };

  const table: ConnectionTable & { words: Uint32Array } = {
    words: NOTHING,
    size: 0,
    findAll(keys, count) {
      const end = count * KEY_WORDS;
      warmKeys(keys, end);
      for (let at = 0; at < end; at += KEY_WORDS) {
        keys[at + KEY_ENTRY] = (slots[slotOf(keys[at + KEY_HASH], keys, at)] & ENTRY_MASK) - 1;
      }
    },
    findOrAddAll(keys, count) {
      const end = count * KEY_WORDS;
      warmKeys(keys, end);
      for (let at = 0; at < end; at += KEY_WORDS) {
        const hash = keys[at + KEY_HASH];
        const held = slots[slotOf(hash, keys, at)];
        keys[at + KEY_ENTRY] = held === 0 ? put(hash, keys, at) : (held & ENTRY_MASK) - 1;
      }
    },
    warmEntries(entries, from, to) {
      let sum = 0;
      for (let row = from; row < to; row++) if (entries[row] >= 0) sum ^= words[entries[row] * STRIDE + STATE];
      read[0] = sum;
    },
    add: (keys, at) => put(hashOf(keys, at), keys, at),
    older: (entry) => superseded.get(entry) ?? -1,
    reset: (entry) => clear(entry * STRIDE),
    rekey(change) {
      for (let entry = 0; entry < table.size; entry++) {
        const base = entry * STRIDE;
        change(words, base);
        words[base + HASH] = hashOf(words, base);
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

function hashOf(keys: Uint32Array, at: number): number {
  let hash = Math.imul(keys[at + INTERFACE] ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(keys[at + LOCAL], 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15) ^ keys[at + REMOTE], 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 13) ^ keys[at + PORTS], 0x165667b1);
  hash = Math.imul(hash ^ (hash >>> 16) ^ keys[at + KIND], 0x9e3779b1);
  return (hash ^ (hash >>> 15)) >>> 0;
}
