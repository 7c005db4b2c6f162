import type { Direction, NetworkInterface, Snapshot } from "../../model/model.ts";
import { isInternetGateway, routeTo } from "../../model/routes.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { admittedBy, both, type Layers } from "./layers.ts";
import {
  ReachTally,
  type PortOfProtocol,
  setOfServices,
  type UnusedReach,
  type UsedServices,
  WAY_OF,
} from "./reach-tally.ts";

/** More pairs than this take seconds, and nobody could read the answer. */
export const MOST_PAIRS = 3_000_000;

/**
 * Connections between the subject's interfaces and all others that the layers of both ends would let begin, and that never
 * came. Delegated prefixes are left out: the model does not say who uses their addresses. With `ruleId` only what that group
 * rule admits. Null for more than `MOST_PAIRS` pairs.
 */
export function unusedBetween(
  layers: Layers,
  subject: readonly NetworkInterface[],
  used: UsedServices,
  ruleId: string | null = null,
): UnusedReach[] | null {
  const others = [...layers.snapshot.interfaces.values()];
  if (others.length * subject.length > MOST_PAIRS) return null;
  const tally = new ReachTally();
  for (const one of subject) {
    for (const other of others) {
      if (other === one) continue;
      for (const direction of ["ingress", "egress"] as const) {
        const [from, to] = direction === "ingress" ? [other, one] : [one, other];
        for (const [source, target] of addressPairs(from, to)) {
          const whole = both(
            layers.passing(to, "ingress", target, source),
            layers.passing(from, "egress", source, target),
          );
          const passing = ruleId === null ? whole : admittedBy(ruleId, whole);
          if (passing.possible.length === 0 || !leadsTo(layers.snapshot, from, to, target)) continue;
          const services = [...usesOf(used, one, other, direction), ...usesOf(used, other, one, opposite(direction))];
          tally.add(WAY_OF[direction], passing, setOfServices(services), other.id, one.id);
        }
      }
    }
  }
  return tally.finish();
}

function opposite(direction: Direction): Direction {
  return direction === "ingress" ? "egress" : "ingress";
}

/** Connections with the other's addresses in the log of `at`. */
function usesOf(
  used: UsedServices,
  at: NetworkInterface,
  other: NetworkInterface,
  direction: Direction,
): readonly PortOfProtocol[] {
  return other.addresses.flatMap((address) => used.between(at.id, direction, formatAddress(address)));
}

function* addressPairs(from: NetworkInterface, to: NetworkInterface): Generator<[Address, Address]> {
  for (const source of from.addresses) {
    for (const target of to.addresses) if (source.family === target.family) yield [source, target];
  }
}

/**
 * Can packets of the interface get to the interface that holds the address? Inside a VPC always (the local route); to
 * another VPC where a route leads there and not to the internet. Where the model has no route table of the VPC the answer is
 * yes: nothing tells otherwise.
 */
function leadsTo(snapshot: Snapshot, from: NetworkInterface, to: NetworkInterface, address: Address): boolean {
  if (from.vpcId === null || to.vpcId === null || from.vpcId === to.vpcId) return true;
  if (![...snapshot.routeTables.values()].some(({ vpcId }) => vpcId === from.vpcId)) return true;
  const target = routeTo(snapshot, from.subnetId, address)?.target ?? "local";
  return target !== "local" && !isInternetGateway(target);
}
