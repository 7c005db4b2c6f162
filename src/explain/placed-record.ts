import type { Direction, NetworkInterface, Snapshot } from "../model/model.ts";
import { type Address, formatAddress } from "../net/address.ts";
import type { Configuration, DirectedRecord } from "./connection-tracker.ts";
import { endpointsOf } from "./endpoints.ts";
import { unknownInterfacesAt } from "./place.ts";
import type { FlowRecord } from "./trace.ts";

/** What is known of a record at an interface that no snapshot knows. */
export type PlacedRecord =
  /** None of its addresses can be the interface's in a modelled VPC. */
  | { readonly kind: "nowhere"; readonly because: string }
  /** It is open which side is the interface; `ways` are the possible ones. */
  | { readonly kind: "open"; readonly ways: readonly DirectedRecord[]; readonly because: string }
  | { readonly kind: "placed"; readonly directed: DirectedRecord; readonly because: string };

/** A record and the configurations that may have decided it, the one in force at its start first. */
export interface UnplacedRecord {
  readonly record: FlowRecord;
  readonly snapshots: readonly Snapshot[];
}

/**
 * Places records at unknown interfaces by their own addresses. Where both sides may be the interface, its other records in
 * the batch tell: an address that is its own in one record is so in all, and records show an interface by its primary
 * address (VPC User Guide, "Flow log limitations"), so the only address that all of them have is its own.
 */
export function placeRecords(records: readonly UnplacedRecord[]): Map<FlowRecord, PlacedRecord> {
  const ways = new Map(records.map(({ record, snapshots }) => [record, waysOf(record, snapshots)]));
  const placed = new Map<FlowRecord, PlacedRecord>();
  for (const [record, possible] of ways) {
    const siblings = [...ways].filter(([other]) => other.interfaceId === record.interfaceId);
    placed.set(record, settle(record, possible, siblings));
  }
  return placed;
}

type Ways = readonly [FlowRecord, readonly DirectedRecord[]];

function settle(record: FlowRecord, ways: readonly DirectedRecord[], siblings: readonly Ways[]): PlacedRecord {
  if (ways.length === 0) {
    return { kind: "nowhere", because: "in no snapshot, and no address of the record tells its place" };
  }
  const [only] = ways;
  if (ways.length === 1) {
    const other = only.direction === "egress" ? "destination" : "source";
    const because =
      record.direction === null ? `its ${other} cannot be the interface` : "the field flow-direction says so";
    return { kind: "placed", directed: only, because };
  }
  const own = siblings.flatMap(([one, found]) => (found.length === 1 ? [ownAddress(one, found[0].direction)] : []));
  const pairs = siblings
    .filter(([, found]) => found.length > 1)
    .map(([one]) => [text(one.source), text(one.destination)]);
  const common = [...new Set(pairs[0])].filter((address) => pairs.every((pair) => pair.includes(address)));
  const certain = own.length > 0 ? own : common.length === 1 ? common : [];
  const isOwn = (address: Address | null): boolean => certain.includes(text(address));
  const [fromHere, toHere] = [isOwn(record.source), isOwn(record.destination)];
  const left = ways.filter(({ direction }) => direction === (fromHere ? "egress" : "ingress"));
  if (fromHere === toHere || left.length !== 1) {
    return { kind: "open", ways, because: "in no snapshot, and both addresses may be its own" };
  }
  return { kind: "placed", directed: left[0], because: "its other records have the same address" };
}

const text = (address: Address | null): string => (address === null ? "" : formatAddress(address));

function ownAddress({ source, destination }: FlowRecord, direction: Direction): string {
  return text(direction === "egress" ? source : destination);
}

/** Each way in which the record may have been the interface's: a side, and an interface that has its address. */
function waysOf(record: FlowRecord, snapshots: readonly Snapshot[]): DirectedRecord[] {
  const { source, destination } = record;
  if (!source || !destination || snapshots.length === 0) return [];
  return (["egress", "ingress"] as const).flatMap((direction) => {
    if (record.direction !== null && record.direction !== direction) return [];
    const own = direction === "egress" ? source : destination;
    const { local, remote } = endpointsOf(record, direction)!;
    const [first, ...others] = snapshots.map((snapshot) => configurationsOf(snapshot, record.interfaceId, own));
    if (first.length !== 1) return first.map((one) => ({ record, direction, local, remote, under: [one] }));
    const under = [first[0], ...others.flatMap((one) => (one.length === 1 ? one : []))];
    return [{ record, direction, local, remote, under }];
  });
}

function configurationsOf(snapshot: Snapshot, id: string, own: Address): Configuration[] {
  return unknownInterfacesAt(snapshot, id, own).map((networkInterface: NetworkInterface): Configuration => ({
    snapshot,
    networkInterface,
  }));
}
