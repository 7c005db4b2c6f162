import type { Direction, NetworkInterface, Peer } from "../../model/model.ts";
import { resolverOf } from "../../model/resolve.ts";
import { destinationBlocks } from "../../model/routes.ts";
import {
  type Address,
  ALL_IPV4,
  ALL_IPV6,
  type Family,
  formatPrefix,
  holdsAddress,
  type Prefix,
} from "../../net/address.ts";
import { bitsOf, parseAddress } from "../../net/parse.ts";
import { holdsPrefix } from "../../net/prefixes.ts";
import { addressAt, prefixInterval } from "../boxes.ts";
import type { Layers, Passing } from "./layers.ts";
import {
  ReachTally,
  type PortOfProtocol,
  setOfServices,
  type UnusedReach,
  type UsedServices,
  WAY_OF,
} from "./reach-tally.ts";
import {
  ALL_SERVICES,
  holdsService,
  intersectServices,
  NO_SERVICES,
  type ServiceSet,
  uniteServices,
} from "./services.ts";

const DIRECTIONS: readonly Direction[] = ["ingress", "egress"];

/**
 * Traffic that the subject's interfaces could have with addresses outside the model and never had: for each rule the blocks
 * that it names, as far as the network ACL lets it pass. Blocks inside the VPC are left out: only interfaces have addresses
 * there. With `ruleId` only that group rule.
 */
export function unusedOutside(
  layers: Layers,
  subject: readonly NetworkInterface[],
  used: UsedServices,
  ruleId: string | null = null,
): UnusedReach[] {
  const tally = new ReachTally();
  for (const one of subject) {
    const inside = layers.snapshot.vpcs.get(one.vpcId ?? "")?.prefixes ?? [];
    for (const direction of DIRECTIONS) {
      const outside = outsideUses(layers, used, one.id, direction).filter(
        ([address]) => !inside.some((own) => holdsAddress(own, address)),
      );
      for (const { rules, services, blocks } of offers(layers, one, direction)) {
        if (ruleId !== null && !rules.some(({ rule }) => rule.id === ruleId)) continue;
        for (const block of blocks) {
          if (inside.some((own) => holdsPrefix(own, block))) continue;
          const passing = throughAcl(layers, one, direction, block, services);
          if (passing.possible.length === 0) continue;
          const uses = outside.flatMap(([address, list]) => (holdsAddress(block, address) ? list : []));
          const within = uses.filter(({ protocol, port }) => holdsService(passing.possible, protocol, port));
          tally.add(WAY_OF[direction], { ...passing, rules }, setOfServices(within), formatPrefix(block), one.id);
        }
      }
    }
  }
  return tally.finish();
}

interface Offer {
  readonly rules: Passing["rules"];
  readonly services: ServiceSet;
  readonly blocks: readonly Prefix[];
}

/** Each rule with its blocks. An interface without groups offers everything to everybody. */
function offers(layers: Layers, one: NetworkInterface, direction: Direction): Offer[] {
  const families = new Set<Family>(one.addresses.map((address) => address.family));
  const ofFamilies = (blocks: readonly Prefix[]): Prefix[] => blocks.filter((block) => families.has(block.family));
  if (one.groupIds.length === 0)
    return [{ rules: [], services: ALL_SERVICES, blocks: ofFamilies([ALL_IPV4, ALL_IPV6]) }];
  return layers.groupRules(one, direction).map((compiled): Offer => {
    return { rules: [compiled], services: compiled.services, blocks: ofFamilies(blocksOf(layers, compiled.rule.peer)) };
  });
}

/** The blocks that a peer names; a group names none. */
function blocksOf({ snapshot }: Layers, peer: Peer): readonly Prefix[] {
  return peer.kind === "group" ? [] : resolverOf(snapshot).addressesOf(peer).blocks;
}

/** The services that the network ACL lets pass with some address of the block. */
function throughAcl(
  layers: Layers,
  one: NetworkInterface,
  direction: Direction,
  block: Prefix,
  services: ServiceSet,
): Passing {
  const local = one.addresses.find((address) => address.family === block.family)!;
  const { certain, possible } = passingAny(
    representativesOf(block, layers, one, direction).map((peer) => layers.passingAcl(one, direction, local, peer)),
  );
  return { certain: intersectServices(certain, services), possible: intersectServices(possible, services), rules: [] };
}

/** What passes by any of the answers. */
function passingAny(answers: readonly Passing[]): Passing {
  return {
    certain: answers.reduce((set: ServiceSet, { certain }) => uniteServices(set, certain), NO_SERVICES),
    possible: answers.reduce((set: ServiceSet, { possible }) => uniteServices(set, possible), NO_SERVICES),
    rules: [...new Set(answers.flatMap(({ rules }) => rules))],
  };
}

/** Connections with addresses that no interface of the model holds. */
function outsideUses(
  layers: Layers,
  used: UsedServices,
  interfaceId: string,
  direction: Direction,
): [Address, readonly PortOfProtocol[]][] {
  return [...used.peers(interfaceId, direction)].flatMap(([text, services]): [Address, readonly PortOfProtocol[]][] => {
    const address = parseAddress(text);
    return address === null || resolverOf(layers.snapshot).holdersOf(address).length > 0 ? [] : [[address, services]];
  });
}

/**
 * Traffic that some address of a block outside the model could have with the interfaces of the model and never had.
 */
export function unusedOf(layers: Layers, block: Prefix, used: UsedServices): UnusedReach[] {
  const tally = new ReachTally();
  for (const one of layers.snapshot.interfaces.values()) {
    const local = one.addresses.find((address) => address.family === block.family);
    if (local === undefined) continue;
    for (const direction of DIRECTIONS) {
      const passing = passingSome(layers, one, direction, local, block);
      if (passing.possible.length === 0) continue;
      const uses = [...used.peers(one.id, direction)].flatMap(([text, services]) => {
        const address = parseAddress(text);
        return address !== null && holdsAddress(block, address) ? services : [];
      });
      // What goes into the interface comes out of the subject.
      tally.add(direction === "ingress" ? "out" : "in", passing, setOfServices(uses), one.id, null);
    }
  }
  return tally.finish();
}

function passingSome(
  layers: Layers,
  one: NetworkInterface,
  direction: Direction,
  local: Address,
  block: Prefix,
): Passing {
  const answers = representativesOf(block, layers, one, direction).map((peer) =>
    layers.passing(one, direction, local, peer),
  );
  return answers.length === 1 ? answers[0] : passingAny(answers);
}

/**
 * Addresses that represent a block: the first of every stretch in which no rule, entry, route or subnet of the interface
 * begins or ends. What is true of some address of the block is true of one of these.
 */
function representativesOf(
  block: Prefix,
  layers: Layers,
  one: NetworkInterface,
  direction: Direction,
): readonly Address[] {
  if (block.length === bitsOf(block.family)) return [block];
  const { snapshot } = layers;
  const cuts: Prefix[] = [];
  for (const { rule } of layers.groupRules(one, direction)) {
    cuts.push(...blocksOf(layers, rule.peer));
  }
  // With a transit gateway in the subnet, inbound entries also see outbound packets, but they match the local address then.
  for (const entry of layers.aclOf(one)?.entries ?? []) if (entry.direction === direction) cuts.push(entry.prefix);
  cuts.push(...(snapshot.vpcs.get(one.vpcId ?? "")?.prefixes ?? []));
  cuts.push(...(snapshot.subnets.get(one.subnetId ?? "")?.prefixes ?? []));
  for (const table of snapshot.routeTables.values()) {
    if (table.vpcId === one.vpcId)
      cuts.push(...table.routes.flatMap(({ destination }) => destinationBlocks(snapshot, destination)));
  }
  const own = prefixInterval(block);
  const starts = new Set([own.from]);
  for (const cut of cuts) {
    if (cut.family !== block.family) continue;
    const { from, to } = prefixInterval(cut);
    for (const edge of [from, to]) if (edge > own.from && edge < own.to) starts.add(edge);
  }
  return [...starts].map((start) => addressAt(start, block.family));
}
