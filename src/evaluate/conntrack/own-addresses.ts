import { FAMILY_SHIFT, type FlowBatch } from "../../decode/flow-batch.ts";
import { IPV4 } from "../../net/address.ts";
import type { AddressPool } from "../dense/address-pool.ts";
import { type LookupColumns, PLACED_ROW, UNSETTLED_ROW } from "../lookup/lookup-columns.ts";
import { EGRESS, INGRESS, type LookedUpBatch, type LookupTable } from "../lookup/policy-lookup.ts";

/** A row whose side remains unknown: number of its batch, and row. */
export interface OpenRow {
  readonly batch: number;
  readonly row: number;
}

/** What a segment shows of the addresses of an unknown interface, as keys (`keyOf`). */
interface Shown {
  /** Its own for certain: records in which the other side cannot be. */
  readonly own: Set<number>;
  /** In every record that leaves the side open; null before the first. */
  common: number[] | null;
}

export function hasUnsettled({ batch, lookups }: LookedUpBatch, { placing }: LookupColumns): boolean {
  for (let row = 0; row < batch.rows; row++) if (placing[lookups[row]] === UNSETTLED_ROW) return true;
  return false;
}

/**
 * Decides for the rows of unknown interfaces which side is the interface: the side with an address that is its own in other
 * records of the segment, or the only address that all of them have (flow logs show an interface by its primary address).
 * Writes the lookup of that side; returns the rows that remain open.
 */
export function settleSides(
  segment: readonly LookedUpBatch[],
  { lookups: table }: LookupTable,
  { placing, direction }: LookupColumns,
  addresses: AddressPool,
): OpenRow[] {
  const shown = new Map<number, Shown>();
  const unsettled: OpenRow[] = [];
  segment.forEach(({ batch, lookups }, number) => {
    for (let row = 0; row < batch.rows; row++) {
      const kind = placing[lookups[row]];
      if (kind === 0) continue;
      const eni = batch.interfaceId[row];
      let one = shown.get(eni);
      if (one === undefined) shown.set(eni, (one = { own: new Set(), common: null }));
      if (kind === PLACED_ROW) one.own.add(keyOf(batch, row, direction[lookups[row]] === EGRESS, addresses));
      else {
        const ends = [true, false].map((source) => keyOf(batch, row, source, addresses));
        one.common = one.common === null ? [...new Set(ends)] : one.common.filter((key) => ends.includes(key));
        unsettled.push({ batch: number, row });
      }
    }
  });
  return unsettled.filter(({ batch: number, row }) => {
    const { batch, lookups } = segment[number];
    const { own, common } = shown.get(batch.interfaceId[row])!;
    const [source, destination] = [true, false].map((side) => keyOf(batch, row, side, addresses));
    const isOwn = (key: number): boolean => (own.size > 0 ? own.has(key) : common!.length === 1 && common![0] === key);
    if (isOwn(source) === isOwn(destination)) return true;
    const wanted = isOwn(source) ? EGRESS : INGRESS;
    const left = table[lookups[row]].others.filter((other) => table[other].direction === wanted);
    if (left.length !== 1) return true;
    lookups[row] = left[0];
    return false;
  });
}

/** An address as a number: IPv4 itself, IPv6 by its number in the pool above all of these. */
function keyOf(batch: FlowBatch, row: number, source: boolean, addresses: AddressPool): number {
  const address = (source ? batch.src : batch.dst)[row];
  if (((batch.bits[row] >>> FAMILY_SHIFT) & 3) === IPV4) return address;
  return 2 ** 32 + addresses.idOf(batch.addr6, address);
}
