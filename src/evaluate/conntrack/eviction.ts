import { IPV6 } from "../../net/address.ts";
import type { AddressPool } from "../dense/address-pool.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import { familyOf, LAST, LOCAL, REMOTE, STRIDE } from "./entry-layout.ts";
import { type IdleTimeouts, rememberedSeconds } from "./timeouts.ts";

/**
 * Seconds by which a record may begin before others that were read earlier: the objects of one delivery hold five minutes
 * each, in any order, and a record begins up to a minute before it is due.
 */
export const SPREAD = 360;

/**
 * Drops connections that no later record can belong to. If more than `most` are left, drops those silent for longest.
 * `now` is in Unix seconds. Returns how many were dropped although a later record might have belonged to them.
 */
export function evictConnections(
  connections: ConnectionTable,
  most: number,
  now: number,
  timeouts: IdleTimeouts,
): number {
  const { words } = connections;
  const isOver = (base: number, time: number): boolean =>
    time > words[base + LAST] + rememberedSeconds(words, base, timeouts);
  const from = Math.max(0, now - SPREAD);
  let limit = 0;
  if (connections.size > most) {
    const ages = new Uint32Array(connections.size);
    let live = 0;
    for (let base = 0; base < connections.size * STRIDE; base += STRIDE) {
      if (!isOver(base, from)) ages[live++] = words[base + LAST];
    }
    if (live > most) limit = ages.subarray(0, live).sort()[live - most];
  }
  let evicted = 0;
  connections.retain((base) => {
    if (isOver(base, from)) return false;
    if (words[base + LAST] >= limit) return true;
    if (!isOver(base, now)) evicted++;
    return false;
  });
  return evicted;
}

/** Drops the IPv6 addresses of evicted connections, once they are most of the pool. */
export function evictAddresses(connections: ConnectionTable, addresses: AddressPool): void {
  if (addresses.size < 65_536 || addresses.size < connections.size * 4) return;
  const numbers = new Map<number, number>();
  const renumber = (old: number): number => {
    const known = numbers.get(old);
    if (known !== undefined) return known;
    numbers.set(old, numbers.size);
    return numbers.size - 1;
  };
  connections.rekey((words, base) => {
    if (familyOf(words, base) !== IPV6) return;
    words[base + LOCAL] = renumber(words[base + LOCAL]);
    words[base + REMOTE] = renumber(words[base + REMOTE]);
  });
  addresses.reset([...numbers.keys()]);
}
