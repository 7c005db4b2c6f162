import { IPV6 } from "../net/address.ts";
import { KIND, LAST, LOCAL, REMOTE, STRIDE } from "./connection-words.ts";
import { type ConnectionTable } from "./connections.ts";
import type { AddressPool } from "./address-pool.ts";
import { type IdleTimeouts, isIdle, SPREAD } from "./timeouts.ts";

/**
 * Forgets connections to which nothing that is still to come can belong, then, if there are still more than `most`, the
 * longest silent ones. Returns how many went before their time.
 */
export function forgetConnections(
  connections: ConnectionTable,
  most: number,
  now: number,
  timeouts: IdleTimeouts,
): number {
  const { words } = connections;
  const from = Math.max(0, now - SPREAD);
  let limit = 0;
  if (connections.size > most) {
    const ages = new Uint32Array(connections.size);
    let live = 0;
    for (let entry = 0; entry < connections.size; entry++) {
      const base = entry * STRIDE;
      if (!isIdle(words, base, from, timeouts)) ages[live++] = words[base + LAST];
    }
    if (live > most) limit = ages.subarray(0, live).sort()[live - most];
  }
  let evicted = 0;
  connections.retain((base) => {
    if (isIdle(words, base, from, timeouts)) return false;
    if (words[base + LAST] >= limit) return true;
    if (!isIdle(words, base, now, timeouts)) evicted++;
    return false;
  });
  return evicted;
}

/** Keeps the IPv6 addresses that a live connection has, once most of the pool is of connections that are gone. */
export function forgetAddresses(connections: ConnectionTable, addresses: AddressPool): void {
  if (addresses.size < 65_536 || addresses.size < connections.size * 4) return;
  const numbers = new Map<number, number>();
  const renumber = (old: number): number => {
    const known = numbers.get(old);
    if (known !== undefined) return known;
    numbers.set(old, numbers.size);
    return numbers.size - 1;
  };
  connections.rekey((words, base) => {
    if (words[base + KIND] >>> 8 !== IPV6) return;
    words[base + LOCAL] = renumber(words[base + LOCAL]);
    words[base + REMOTE] = renumber(words[base + REMOTE]);
  });
  addresses.reset([...numbers.keys()]);
}
