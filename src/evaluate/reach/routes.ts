import type { Address } from "../../net/address.ts";
import type { NetworkInterface, Snapshot } from "../../policy/model.ts";
import { wayTo } from "../explain/route.ts";

/** Gateways that lead out of the private network. */
const OUTWARDS = /^(?:igw|nat|eigw)-/;

/**
 * Can packets of the interface get to the interface that holds the address? Inside a VPC always (the local route); to
 * another one where a route leads there and not out. Without a route table of the VPC in the model the answer is yes:
 * nothing says otherwise.
 */
export function leadsTo(snapshot: Snapshot, from: NetworkInterface, to: NetworkInterface, address: Address): boolean {
  if (from.vpcId === null || to.vpcId === null || from.vpcId === to.vpcId) return true;
  if (![...snapshot.routeTables.values()].some(({ vpcId }) => vpcId === from.vpcId)) return true;
  const target = wayTo(snapshot, from, address)?.target;
  return target !== undefined && target !== "local" && !OUTWARDS.test(target);
}

/** Does any route lead through an appliance? Where none does, no interface needs to be asked. */
export function hasAppliances({ routeTables }: Snapshot): boolean {
  return [...routeTables.values()].some(({ routes }) => routes.some(({ target }) => /^(?:eni|i|vpce)-/.test(target)));
}
