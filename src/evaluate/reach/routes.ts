import type { Address, Prefix } from "../../net/address.ts";
import { parsePrefix } from "../../net/parse.ts";
import type { NetworkInterface, RouteTable, Snapshot } from "../../policy/model.ts";
import { holds } from "../explain/match-peer.ts";

/** Gateways that lead out of the private network. */
const OUTWARDS = /^(?:igw|nat|eigw)-/;

/**
 * Can packets of the interface get to the interface that holds the address? Inside a VPC always (the local route); to
 * another one where the longest active route of the subnet that holds the address leads somewhere else than out. Without
 * a route table in the model the answer is yes: nothing says otherwise.
 */
export function leadsTo(snapshot: Snapshot, from: NetworkInterface, to: NetworkInterface, address: Address): boolean {
  if (from.vpcId === null || to.vpcId === null || from.vpcId === to.vpcId) return true;
  const table = tableOf(snapshot, from);
  if (table === undefined) return true;
  let best = { length: -1, target: "" };
  for (const { destination, target, state } of table.routes) {
    if (state !== "active") continue;
    for (const block of blocksOf(snapshot, destination)) {
      if (holds(block, address) && block.length > best.length) best = { length: block.length, target };
    }
  }
  return best.length >= 0 && best.target !== "local" && !OUTWARDS.test(best.target);
}

function tableOf(snapshot: Snapshot, { subnetId, vpcId }: NetworkInterface): RouteTable | undefined {
  const tables = [...snapshot.routeTables.values()];
  return (
    tables.find((table) => subnetId !== null && table.subnetIds.includes(subnetId)) ??
    tables.find((table) => table.main && table.vpcId === vpcId)
  );
}

/** The blocks of a route's destination, which may be a prefix list. */
export function blocksOf(snapshot: Snapshot, destination: string): readonly Prefix[] {
  if (destination.startsWith("pl-")) return snapshot.prefixLists.get(destination)?.entries ?? [];
  const parsed = parsePrefix(destination);
  return parsed ? [parsed.prefix] : [];
}
