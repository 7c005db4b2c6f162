import { DIRECTION_SHIFT, FAMILY_SHIFT, type FlowBatch } from "../../decode/flow-batch.ts";
import type { CompiledPolicy } from "../../policy/compile.ts";
import { isForeign } from "../../policy/places.ts";
import { createPlaceFinder, type PlaceFinder } from "./find-places.ts";
import { EGRESS, INGRESS, type LookupTable, UNMODELLED } from "./policy-lookup.ts";

/**
 * Lookups of records at interfaces that no snapshot knows. Such a record is placed by its own address, which is in a
 * modelled subnet and of no other interface, unless it is of an account that the model does not know. If both sides may be its own, its lookup is unsettled: `others` are the
 * lookups that it may have, and what other records of the interface show decides (conntrack/own-addresses.ts).
 */
export type PlacedLookup = (batch: FlowBatch, row: number, snapshots: readonly number[]) => number;

/**
 * `lookUpAt` looks a row up in a snapshot as if its interface were row `stand` of the columns and its direction that one.
 */
export function createPlacedLookup(
  { snapshots, interfaceIds, accounts: owners }: CompiledPolicy,
  table: LookupTable,
  accounts: readonly string[],
  lookUpAt: (batch: FlowBatch, row: number, at: number, stand: number, direction: number) => number,
): PlacedLookup {
  const finders: (PlaceFinder | undefined)[] = [];
  const finderOf = (at: number): PlaceFinder => (finders[at] ??= createPlaceFinder(snapshots[at], interfaceIds.length));
  const nowhere = [0, INGRESS, EGRESS].map((direction) => table.internLookup({ ...UNMODELLED, direction }));
  const unsettled = new Map<string, number>();
  const foreign: boolean[] = [];
  const isForeignRow = ({ accountId }: FlowBatch, row: number): boolean =>
    (foreign[accountId[row]] ??= isForeign(owners, accounts[accountId[row]] ?? "-"));

  /** The lookups if the packet went that way, in the first of the snapshots; near a change the others' are its `others`. */
  const lookUpSide = (batch: FlowBatch, row: number, direction: number, asked: readonly number[]): number[] => {
    const family = (batch.bits[row] >>> FAMILY_SHIFT) & 3;
    const own = (direction === EGRESS ? batch.src : batch.dst)[row];
    const [found, ...later] = asked.map((at) =>
      finderOf(at)(batch, family, own).map((place) => lookUpAt(batch, row, at, interfaceIds.length + place, direction)),
    );
    if (found.length !== 1) return found;
    const others = [...new Set(later.flatMap((one) => (one.length === 1 ? one : [])))].filter(
      (one) => one !== found[0],
    );
    return others.length === 0 ? found : [table.internLookup({ ...table.lookups[found[0]], others })];
  };

  return (batch, row, asked) => {
    const bits = batch.bits[row];
    const told = (bits >>> DIRECTION_SHIFT) & 3;
    const hasAddresses = ((bits >>> FAMILY_SHIFT) & 3) !== 0;
    if (asked.length === 0 || !hasAddresses || isForeignRow(batch, row)) return nowhere[told];
    const all = [
      ...(told === INGRESS ? [] : lookUpSide(batch, row, EGRESS, asked)),
      ...(told === EGRESS ? [] : lookUpSide(batch, row, INGRESS, asked)),
    ];
    if (all.length === 0) return nowhere[told];
    if (all.length === 1) return all[0];
    const key = all.join();
    let number = unsettled.get(key);
    if (number === undefined) {
      number = table.internLookup({ ...UNMODELLED, interfaceKnown: "placed", others: all });
      unsettled.set(key, number);
    }
    return number;
  };
}
