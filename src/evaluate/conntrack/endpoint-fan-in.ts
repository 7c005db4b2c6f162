import { forEachChunk } from "../chunks.ts";
import { WordMemo } from "../lookup/memo.ts";
import {
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LOCAL_OPENED,
  PORTS,
  REMOTE,
  REMOTE_OPENED,
  STATE,
  STRIDE,
} from "./layout.ts";

/** How many connections of a segment meet at an end: where many do, there is a server. */
export interface EndpointFanIn {
  /**
   * Counts anew, at the ends of the connections `ambiguous` (places of their words), those of `entries`: a server is known
   * by the connections that are told already, too.
   */
  count(words: Uint32Array, ambiguous: readonly number[], entries: Uint32Array): void;
  /** Connections at the interface's end of an ambiguous one, and at the far end; itself included. */
  atLocal(words: Uint32Array, base: number): number;
  atRemote(words: Uint32Array, base: number): number;
}

export function createEndpointFanIn(): EndpointFanIn {
  const places = new WordMemo(4);
  const { key } = places;
  let counts = new Uint32Array(1 << 10);
  let used = 0;
  // Most connections have no port in common with an ambiguous one.
  const asked = new Uint8Array(65_536);

  /** The end of the connection at the interface: (interface, local port, protocol). */
  const findLocal = (words: Uint32Array, base: number): number => {
    key[0] = words[base + INTERFACE];
    key[1] = -1;
    key[2] = words[base + PORTS] >>> 16;
    key[3] = words[base + KIND];
    return places.find();
  };
  /** The far end: (interface, remote address, remote port, protocol). */
  const findRemote = (words: Uint32Array, base: number): number => {
    key[0] = words[base + INTERFACE];
    key[1] = words[base + REMOTE];
    key[2] = (words[base + PORTS] & 0xffff) | 0x10000;
    key[3] = words[base + KIND];
    return places.find();
  };
  /** Takes in the end whose key was looked for last. */
  const add = (): void => {
    if (used === counts.length) {
      const more = new Uint32Array(used * 2);
      more.set(counts);
      counts = more;
    }
    counts[used] = 0;
    asked[key[2] & 0xffff] = 1;
    places.add(used++);
  };
  const addEnds = (words: Uint32Array, ambiguous: readonly number[], from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      if (findLocal(words, ambiguous[at]) < 0) add();
      if (findRemote(words, ambiguous[at]) < 0) add();
    }
  };
  const countEntries = (words: Uint32Array, entries: Uint32Array, from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      const base = entries[at] * STRIDE;
      const ports = words[base + PORTS];
      const opened = words[base + STATE] & INITIATOR_MASK;
      if (asked[ports >>> 16] === 1 && opened !== LOCAL_OPENED) {
        const place = findLocal(words, base);
        if (place >= 0) counts[place]++;
      }
      if (asked[ports & 0xffff] === 1 && opened !== REMOTE_OPENED) {
        const place = findRemote(words, base);
        if (place >= 0) counts[place]++;
      }
    }
  };

  return {
    count(words, ambiguous, entries) {
      places.clear();
      asked.fill(0);
      used = 0;
      forEachChunk(ambiguous.length, (from, to) => addEnds(words, ambiguous, from, to));
      forEachChunk(entries.length, (from, to) => countEntries(words, entries, from, to));
    },
    atLocal: (words, base) => counts[findLocal(words, base)],
    atRemote: (words, base) => counts[findRemote(words, base)],
  };
}
