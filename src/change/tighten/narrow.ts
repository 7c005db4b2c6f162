import { formatPrefix, IPV4, type Prefix } from "../../net/address.ts";
import { MAX_PORT } from "../../net/protocols.ts";
import { commonPrefix } from "../../net/prefixes.ts";
import { breadthScore, peerAddresses, ruleServices, ruleVolume } from "../../analysis/breadth.ts";
import type { SecurityGroupRule, Snapshot } from "../../model/model.ts";
import { resolverOf } from "../../model/resolve.ts";
import { readableId } from "../../model/security-group-rules.ts";
import {
  addressSpace,
  type Cover,
  type Covers,
  coverServices,
  fewestRules,
  fixedSpace,
  type PeerSpace,
  type ServiceUse,
} from "./cover.ts";
import { referencesFor } from "./references.ts";
import { admitsUse, type Match, servesUse, type Use } from "./required-flows.ts";

/** How far a replacement may go. */
export interface Limits {
  /** Rules in place of one. */
  readonly maxRules: number;
  /** Shortest prefix lengths of blocks that hold addresses which were not seen. */
  readonly shortest4: number;
  readonly shortest6: number;
  /** Unused ports that a range may add between two used ones. */
  readonly portGap: number;
  /** Name groups and prefix lists where all the peers they stand for lie inside the rule's block. */
  readonly references: boolean;
}

/** Rules that admit all uses of the rule they replace. */
export interface Replacement {
  readonly rules: readonly SecurityGroupRule[];
  readonly breadth: number;
  /** No block, range or protocol is wider than the limits allow. */
  readonly withinLimits: boolean;
}

export interface Narrowed {
  /** The narrowest replacements with one, two, … rules; a number that is no better than a smaller one is left out. */
  readonly curve: readonly Replacement[];
  /** The one with the fewest rules within the limits; null where none is narrower than the rule itself. */
  readonly chosen: Replacement | null;
  /** Rules that it takes within the limits of widening. */
  readonly needed: number;
}

/** Replacements of a rule for the uses that it is needed for, of which there must be some. */
export function narrowRule(
  rule: SecurityGroupRule,
  uses: readonly Use[],
  snapshot: Snapshot,
  limits: Limits,
): Narrowed {
  const { addresses, services } = arrange(uses);
  const shortest = (family: Prefix["family"]): number => (family === IPV4 ? limits.shortest4 : limits.shortest6);
  const references = limits.references ? referencesFor(rule, snapshot) : [];
  const spaceFor = (lengths: typeof shortest): PeerSpace => {
    if (rule.peer.kind !== "cidr") return fixedSpace(rule.peer, peerAddresses(rule.peer, snapshot));
    return addressSpace(addresses, references, { most: limits.maxRules, shortest: lengths });
  };
  const fixed = { most: limits.maxRules, icmp: rule.icmp };
  const limited = spaceFor(shortest);
  const within = coverServices(services, limited, { ...fixed, portGap: limits.portGap, allProtocols: false });
  const free = coverServices(
    services,
    spaceFor(() => 0),
    {
      ...fixed,
      portGap: MAX_PORT,
      allProtocols: rule.protocol === -1,
    },
  );
  const breadth = breadthScore(ruleVolume(rule, snapshot));
  const admits = admission(rule, snapshot);
  const finish = (cover: Cover, withinLimits: boolean): Replacement & { readonly volume: number } => {
    const matches = shrink(cover.rules, uses, admits, snapshot);
    const total = matches.reduce((sum, match) => sum + matchVolume(match, snapshot), 0);
    const rules = matches.map((match) => newRule(rule, match));
    return { rules, breadth: breadthScore(total), withinLimits, volume: total };
  };
  const curve = curveOf(within, free, finish).filter((one) => one.breadth < breadth);
  const chosen = curve.find((one) => one.withinLimits) ?? null;
  return { curve, chosen, needed: fewestRules(services, limited, limits.portGap) };
}

/** Distinct addresses, and for each service the places of its peers among them. */
function arrange(uses: readonly Use[]): { addresses: Prefix[]; services: ServiceUse[] } {
  const addresses: Prefix[] = [];
  const placeOf = new Map<string, number>();
  const services = new Map<number, { protocol: number; port: number; places: Set<number> }>();
  for (const { peer, protocol, port } of uses) {
    const text = formatPrefix(peer);
    let place = placeOf.get(text);
    if (place === undefined) {
      place = addresses.push(peer) - 1;
      placeOf.set(text, place);
    }
    const key = protocol * (MAX_PORT + 1) + port;
    const known = services.get(key);
    if (known) known.places.add(place);
    else services.set(key, { protocol, port, places: new Set([place]) });
  }
  return {
    addresses,
    services: [...services.values()].map((one) => ({ ...one, places: [...one.places].sort((a, b) => a - b) })),
  };
}

type Finished = Replacement & { readonly volume: number };

/** Of each number of rules the cover within the limits, where there is one; else the narrowest beyond them. */
function curveOf(within: Covers, free: Covers, finish: (cover: Cover, withinLimits: boolean) => Finished): Finished[] {
  const curve: Finished[] = [];
  for (let at = 0; at < Math.max(within.length, free.length); at++) {
    const limited = within[at] ?? null;
    const cover = limited ?? free[at] ?? null;
    if (cover === null) continue;
    const one = finish(cover, limited !== null);
    const last = curve.at(-1);
    if (last && last.withinLimits === one.withinLimits && one.volume >= last.volume) continue;
    curve.push(one);
  }
  return curve;
}

/**
 * Every use is left to the narrowest rule that admits it, and each rule shrinks to the ports and the block of what is left
 * to it: where ranges or blocks overlap, less is open.
 */
function shrink(matches: readonly Match[], uses: readonly Use[], admits: Admits, snapshot: Snapshot): Match[] {
  const ordered = matches
    .map((match) => ({ match, volume: matchVolume(match, snapshot), own: [] as Use[] }))
    .sort((a, b) => a.volume - b.volume);
  for (const use of uses) ordered.find(({ match }) => admits(match, use))?.own.push(use);
  return ordered.filter(({ own }) => own.length > 0).map(({ match, own }) => shrunk(match, own));
}

function shrunk(match: Match, own: readonly Use[]): Match {
  let { ports, peer } = match;
  if (ports !== null) {
    const used = own.map(({ port }) => port);
    const [from, to] = [used.reduce((a, b) => Math.min(a, b)), used.reduce((a, b) => Math.max(a, b))];
    ports = from === 0 && to === MAX_PORT ? null : { from, to };
  }
  if (peer.kind === "cidr") {
    const prefix = own.map((use) => use.peer).reduce((a, b) => commonPrefix(a, b));
    peer = { kind: "cidr", prefix };
  }
  return { ...match, ports, peer };
}

export type Admits = (match: Match, use: Use) => boolean;

/** Tells whether a replacement of the rule admits a use of the rule. */
export function admission(rule: SecurityGroupRule, snapshot: Snapshot): Admits {
  const resolver = resolverOf(snapshot);
  const resolve = (peer: Match["peer"]): readonly Prefix[] => resolver.addressesOf(peer).blocks;
  // A reference that stays admits whom it admitted, even where nobody knows its members.
  const stays = rule.peer.kind !== "cidr";
  return (match, use) => (stays && match.peer === rule.peer ? servesUse(match, use) : admitsUse(match, use, resolve));
}

function matchVolume(match: Match, snapshot: Snapshot): number {
  return peerAddresses(match.peer, snapshot) * ruleServices(match);
}

/** In the same group and direction, with the old rule's description: what it is for does not change. */
function newRule(old: SecurityGroupRule, match: Match): SecurityGroupRule {
  const draft = { ...old, ...match };
  return { ...draft, id: readableId(draft) };
}
