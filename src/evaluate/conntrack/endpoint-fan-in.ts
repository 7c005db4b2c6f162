import { forEachChunk } from "../dense/loops.ts";
import { WordMemo } from "../dense/word-memo.ts";
import {
  initiatorOf,
  INTERFACE,
  KIND,
  LOCAL_OPENED,
  localPortOf,
  REMOTE,
  REMOTE_OPENED,
  remotePortOf,
  STRIDE,
} from "./entry-layout.ts";

/** How many connections of a segment meet at an endpoint. Where many do, there is a server. */
export class EndpointFanIn {
  private readonly endpoints = new WordMemo(4);
  private counts = new Uint32Array(0);
  private used = 0;
  /** Ports of ambiguous connections. Most connections have none of them. */
  private readonly ports = new Uint8Array(65_536);

  /**
   * Counts the connections `entries` at the endpoints of the connections `ambiguous` (given by the index of their first
   * word), and forgets earlier counts. Connections whose initiator is already known count at their server's end.
   */
  count(words: Uint32Array, ambiguous: readonly number[], entries: Int32Array): void {
    this.endpoints.clear();
    this.ports.fill(0);
    this.used = 0;
    if (this.counts.length < ambiguous.length * 2) this.counts = new Uint32Array(ambiguous.length * 4);
    forEachChunk(ambiguous.length, (from, to) => this.addEndpoints(words, ambiguous, from, to));
    this.counts.fill(0, 0, this.used);
    forEachChunk(entries.length, (from, to) => this.countEntries(words, entries, from, to));
  }

  /** Connections at the local end of an ambiguous one, itself included. */
  atLocal(words: Uint32Array, base: number): number {
    return this.counts[this.findLocal(words, base)];
  }

  /** The same at its remote end. */
  atRemote(words: Uint32Array, base: number): number {
    return this.counts[this.findRemote(words, base)];
  }

  /** The local end: interface, local port, protocol. */
  private findLocal(words: Uint32Array, base: number): number {
    const { key } = this.endpoints;
    key[0] = words[base + INTERFACE];
    key[1] = -1;
    key[2] = localPortOf(words, base);
    key[3] = words[base + KIND];
    return this.endpoints.find();
  }

  /** The remote end: interface, remote address, remote port, protocol. */
  private findRemote(words: Uint32Array, base: number): number {
    const { key } = this.endpoints;
    key[0] = words[base + INTERFACE];
    key[1] = words[base + REMOTE];
    key[2] = remotePortOf(words, base) | 0x10000;
    key[3] = words[base + KIND];
    return this.endpoints.find();
  }

  private addEndpoints(words: Uint32Array, ambiguous: readonly number[], from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const base = ambiguous[at];
      if (this.findLocal(words, base) < 0) this.endpoints.add(this.used++);
      if (this.findRemote(words, base) < 0) this.endpoints.add(this.used++);
      this.ports[localPortOf(words, base)] = 1;
      this.ports[remotePortOf(words, base)] = 1;
    }
  }

  private countEntries(words: Uint32Array, entries: Int32Array, from: number, to: number): void {
    const { ports, counts } = this;
    for (let at = from; at < to; at++) {
      const base = entries[at] * STRIDE;
      const opened = initiatorOf(words, base);
      if (ports[localPortOf(words, base)] === 1 && opened !== LOCAL_OPENED) {
        const endpoint = this.findLocal(words, base);
        if (endpoint >= 0) counts[endpoint]++;
      }
      if (ports[remotePortOf(words, base)] === 1 && opened !== REMOTE_OPENED) {
        const endpoint = this.findRemote(words, base);
        if (endpoint >= 0) counts[endpoint]++;
      }
    }
  }
}
