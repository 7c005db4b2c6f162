import { breadthScore, peerAddresses, ruleServices, ruleVolume } from "../../analysis/breadth.ts";
import type { SecurityGroupRule, Snapshot } from "../../model/model.ts";
import { resolverOf } from "../../model/resolve.ts";
import { readableId } from "../../model/security-group-rules.ts";
import { formatPrefix, IPV4, type Prefix } from "../../net/address.ts";
import { commonPrefix } from "../../net/prefixes.ts";
import { MAX_PORT } from "../../net/protocols.ts";
import {
  addressSpace,
  type Cover,
  type Covers,
  coverServices,
  fewestRules,
  fixedSpace,
  type PeerSpace,
  type ServicePeers,
} from "./cover.ts";
import { referencesFor } from "./references.ts";
import { admitsService, matchesService, type ObservedService, type RuleMatch } from "./required-flows.ts";

/** Limits of a replacement. */
export interface Limits {
  /** Most rules that replace one. */
  readonly maxRules: number;
  /** Shortest prefix lengths of blocks with addresses that were not seen. */
  readonly shortest4: number;
  readonly shortest6: number;
  /** Unused ports that a range may add between two used ones. */
  readonly portGap: number;
  /** Use groups and prefix lists whose members all lie inside the block of the rule. */
  readonly references: boolean;
}

/** Rules that admit all observed services of the rule that they replace. */
export interface Replacement {
  readonly rules: readonly SecurityGroupRule[];
  readonly breadth: number;
  /** No block, range or protocol is wider than the limits allow. */
  readonly withinLimits: boolean;
}

export interface Narrowed {
  /** The narrowest replacements with one, two, … rules; numbers that are no better than a smaller one are left out. */
  readonly curve: readonly Replacement[];
  /** The one with the fewest rules within the limits; null if none is narrower than the rule itself. */
  readonly chosen: Replacement | null;
  /** Number of rules within the limits of widening, if there were no limit of number. */
  readonly needed: number;
}

/** Replacements of a rule for the observed services that need it, at least one. */
export function narrowRule(
  rule: SecurityGroupRule,
  uses: readonly ObservedService[],
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
  const unlimited = spaceFor(() => 0);
  const free = coverServices(services, unlimited, {
    ...fixed,
    portGap: MAX_PORT,
    allProtocols: rule.protocol === -1,
  });
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

/** Distinct addresses, and for each service the indexes of its peers among them. */
function arrange(uses: readonly ObservedService[]): { addresses: Prefix[]; services: ServicePeers[] } {
  const addresses: Prefix[] = [];
  const indexOf = new Map<string, number>();
  const services = new Map<number, { protocol: number; port: number; indexes: Set<number> }>();
  for (const { peer, protocol, port } of uses) {
    const text = formatPrefix(peer);
    let index = indexOf.get(text);
    if (index === undefined) {
      index = addresses.push(peer) - 1;
      indexOf.set(text, index);
    }
    const key = protocol * (MAX_PORT + 1) + port;
    const known = services.get(key);
    if (known) known.indexes.add(index);
    else services.set(key, { protocol, port, indexes: new Set([index]) });
  }
  return {
    addresses,
    services: [...services.values()].map((one) => ({ ...one, indexes: [...one.indexes].sort((a, b) => a - b) })),
  };
}

type Finished = Replacement & { readonly volume: number };

/** For each number of rules the cover within the limits; if there is none, the narrowest one beyond them. */
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
 * Gives every service to the narrowest rule that admits it, and shrinks each rule to the ports and the block of its services,
 * so that overlapping ranges and blocks open less.
 */
function shrink(
  matches: readonly RuleMatch[],
  uses: readonly ObservedService[],
  admits: Admits,
  snapshot: Snapshot,
): RuleMatch[] {
  const ordered = matches
    .map((match) => ({ match, volume: matchVolume(match, snapshot), own: [] as ObservedService[] }))
    .sort((a, b) => a.volume - b.volume);
  for (const use of uses) ordered.find(({ match }) => admits(match, use))?.own.push(use);
  return ordered.filter(({ own }) => own.length > 0).map(({ match, own }) => shrunk(match, own));
}

function shrunk(match: RuleMatch, own: readonly ObservedService[]): RuleMatch {
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

export type Admits = (match: RuleMatch, use: ObservedService) => boolean;

/** Tells whether a replacement of the rule admits a service of the rule. */
export function admission(rule: SecurityGroupRule, snapshot: Snapshot): Admits {
  const resolver = resolverOf(snapshot);
  const resolve = (peer: RuleMatch["peer"]): readonly Prefix[] => resolver.addressesOf(peer).blocks;
  // A reference that stays admits the same peers, even if its members are unknown.
  const stays = rule.peer.kind !== "cidr";
  return (match, use) =>
    stays && match.peer === rule.peer ? matchesService(match, use) : admitsService(match, use, resolve);
}

function matchVolume(match: RuleMatch, snapshot: Snapshot): number {
  return peerAddresses(match.peer, snapshot) * ruleServices(match);
}

/** In the same group and direction, with the description of the old rule, because its purpose stays. */
function newRule(old: SecurityGroupRule, match: RuleMatch): SecurityGroupRule {
  const draft = { ...old, ...match };
  return { ...draft, id: readableId(draft) };
}
