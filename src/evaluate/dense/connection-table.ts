// The memory of the evaluator: an entry of 16 words for each connection at an interface (conntrack/entry-layout.ts), all
// in one buffer, found by open addressing. Keys are looked up many at a time, because their reads then overlap: 323 ms
// became 214 ms in a replay of 2 M records (test/bench/README.md, "The processor").
import {
  DELTA,
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
  PORTS,
  REMOTE,
  STATE,
  STRIDE,
} from "../conntrack/entry-layout.ts";
import { keepPrefetched } from "./loops.ts";

// A slot holds entry + 1, and above it bits of the hash, so that most misses never read an entry. 0: empty.
const ENTRY_BITS = 23;
const ENTRY_MASK = (1 << ENTRY_BITS) - 1;

const NOTHING = new Uint32Array(0);

/**
 * Connections by interface, addresses, ports and protocol, as seen from the interface: both directions share an entry.
 * IPv6 addresses are numbers of an address pool.
 */
export class ConnectionTable {
  /** Entry e begins at word e * STRIDE. */
  words = NOTHING;
  /** Entries in use: 0 to size - 1. Some are superseded by a younger entry of the same key. */
  size = -1;
  private readonly initialCapacity: number;
  private capacity = 0;
  private mask = 0;
  private slots = NOTHING;
  private linked = false;
  /** The next older entry of the same key. Few keys have more than one entry. */
  private readonly superseded = new Map<number, number>();

  constructor(initialCapacity: number) {
    this.initialCapacity = initialCapacity;
    this.capacity = initialCapacity;
    this.words = new Uint32Array(initialCapacity * STRIDE);
    this.size = 0;
    this.relink();
  }

  /** Writes the entries of the first `count` keys behind the keys, -1 where there is none. */
  findAll(keys: Uint32Array, count: number): void {
    const end = count * KEY_WORDS;
    this.prefetchKeys(keys, end);
    for (let at = 0; at < end; at += KEY_WORDS) {
      keys[at + KEY_ENTRY] = (this.slots[this.slotOf(keys[at + KEY_HASH], keys, at)] & ENTRY_MASK) - 1;
    }
  }

  /** The same, with a fresh entry where there was none. */
  findOrAddAll(keys: Uint32Array, count: number): void {
    const end = count * KEY_WORDS;
    this.prefetchKeys(keys, end);
    for (let at = 0; at < end; at += KEY_WORDS) {
      const hash = keys[at + KEY_HASH];
      const held = this.slots[this.slotOf(hash, keys, at)];
      keys[at + KEY_ENTRY] = held === 0 ? this.put(hash, keys, at) : (held & ENTRY_MASK) - 1;
    }
  }

  /** Prefetches the entries `entries[from]` to `entries[to - 1]`; those below 0 are none. */
  prefetchEntries(entries: Int32Array, from: number, to: number): void {
    const { words } = this;
    let sum = 0;
    for (let at = from; at < to; at++) if (entries[at] >= 0) sum ^= words[entries[at] * STRIDE + STATE];
    keepPrefetched(sum);
  }

  /** A fresh entry for the key at `keys[at]`; it supersedes an older one of the same key. */
  add(keys: Uint32Array, at: number): number {
    return this.put(hashOf(keys, at), keys, at);
  }

  /** The entry that this one superseded, or -1. */
  older(entry: number): number {
    return this.superseded.get(entry) ?? -1;
  }

  /** Makes an entry as if it were fresh; its delta of the current segment stays. */
  reset(entry: number): void {
    this.clear(entry * STRIDE);
  }

  /** Keeps the entries for which `keep` is true, in order, and drops the others. `link` before the next lookup. */
  retain(keep: (base: number) => boolean): void {
    let kept = 0;
    // Entries that stay side by side move together.
    let run = 0;
    const moveRun = (end: number): void => {
      if (kept !== run) this.words.copyWithin(kept * STRIDE, run * STRIDE, end * STRIDE);
      kept += end - run;
    };
    for (let entry = 0; entry < this.size; entry++) {
      if (keep(entry * STRIDE)) continue;
      moveRun(entry);
      run = entry + 1;
    }
    if (run === 0) return;
    moveRun(this.size);
    this.size = kept;
    while (this.capacity > this.initialCapacity && kept * 4 < this.capacity) this.capacity /= 2;
    const room = this.capacity * STRIDE;
    if (this.words.length > room) this.words = this.words.slice(0, room);
    this.linked = false;
  }

  /** Lets `change` rewrite the keys of all entries. `link` before the next lookup. */
  rekey(change: (words: Uint32Array, base: number) => void): void {
    for (let base = 0; base < this.size * STRIDE; base += STRIDE) {
      change(this.words, base);
      this.words[base + HASH] = hashOf(this.words, base);
    }
    this.linked = false;
  }

  /** Makes entries findable again after `retain` or `rekey`. It is a pass over all entries, so it waits for the next lookup. */
  link(): void {
    if (!this.linked) this.relink();
  }

  /** The slot of the key at `keys[at]`: it holds the youngest entry of the key, or is empty. */
  private slotOf(hash: number, keys: Uint32Array, at: number): number {
    const { words, slots, mask } = this;
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
  }

  private put(hash: number, keys: Uint32Array, at: number): number {
    if (this.size === this.capacity) this.grow();
    const { words } = this;
    const entry = this.size++;
    const base = entry * STRIDE;
    for (let word = INTERFACE; word <= KIND; word++) words[base + word] = keys[at + word];
    this.clear(base);
    words[base + DELTA] = 0;
    words[base + HASH] = hash;
    this.hold(this.slotOf(hash, words, base), hash, entry);
    return entry;
  }

  private clear(base: number): void {
    const { words } = this;
    words[base + FIRST_OUT] = NEVER;
    words[base + FIRST_IN] = NEVER;
    for (let word = LAST; word < DELTA; word++) words[base + word] = 0;
  }

  private hold(slot: number, hash: number, entry: number): void {
    const { slots } = this;
    if (slots[slot] !== 0) this.superseded.set(entry, (slots[slot] & ENTRY_MASK) - 1);
    slots[slot] = ((hash >>> ENTRY_BITS) << ENTRY_BITS) | (entry + 1);
  }

  private relink(): void {
    this.linked = true;
    this.mask = this.capacity * 2 - 1;
    if (this.slots.length === this.mask + 1) this.slots.fill(0);
    else this.slots = new Uint32Array(this.mask + 1);
    this.superseded.clear();
    // In order of age: a younger entry supersedes an older one of the same key.
    for (let entry = 0; entry < this.size; entry++) {
      const hash = this.words[entry * STRIDE + HASH];
      this.hold(this.slotOf(hash, this.words, entry * STRIDE), hash, entry);
    }
  }

  private grow(): void {
    const old = this.words;
    this.capacity *= 2;
    if (this.capacity > ENTRY_MASK) throw new Error(`more than ${this.capacity / 2} connections at once`);
    this.words = new Uint32Array(this.capacity * STRIDE);
    this.words.set(old);
    this.relink();
  }

  /** Hashes the keys and prefetches what they will be compared with. */
  private prefetchKeys(keys: Uint32Array, end: number): void {
    const { words, slots, mask } = this;
    for (let at = 0; at < end; at += KEY_WORDS) keys[at + KEY_HASH] = hashOf(keys, at);
    for (let at = 0; at < end; at += KEY_WORDS) keys[at + KEY_SLOT] = slots[keys[at + KEY_HASH] & mask];
    let sum = 0;
    for (let at = 0; at < end; at += KEY_WORDS) {
      const held = keys[at + KEY_SLOT];
      if (held !== 0) sum ^= words[((held & ENTRY_MASK) - 1) * STRIDE];
    }
    keepPrefetched(sum);
  }
}

function hashOf(keys: Uint32Array, at: number): number {
  let hash = Math.imul(keys[at + INTERFACE] ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(keys[at + LOCAL], 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15) ^ keys[at + REMOTE], 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 13) ^ keys[at + PORTS], 0x165667b1);
  hash = Math.imul(hash ^ (hash >>> 16) ^ keys[at + KIND], 0x9e3779b1);
  return (hash ^ (hash >>> 15)) >>> 0;
}
