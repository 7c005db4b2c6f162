import { prefixAddresses, ruleServices } from "../../analysis/breadth.ts";
import type { IcmpMatch, Peer, PortRange } from "../../model/model.ts";
import { formatPrefix, holdsAddress, type Prefix } from "../../net/address.ts";
import { bitsOf } from "../../net/parse.ts";
import { coverPrefixes, fewestBlocks } from "../../net/prefixes.ts";
import { ALL_PROTOCOLS, hasPorts } from "../../net/protocols.ts";
import type { Reference } from "./references.ts";
import type { RuleMatch } from "./required-flows.ts";

/** Rules that together admit all services. `volume` is in addresses times services. */
export interface Cover {
  readonly volume: number;
  readonly rules: readonly RuleMatch[];
}

/** A service, and the peers that use it as indexes of addresses. */
export interface ServicePeers {
  readonly protocol: number;
  /** 0 for protocols without ports. */
  readonly port: number;
  readonly indexes: readonly number[];
}

export interface ServiceOptions {
  readonly most: number;
  /** Most unused ports that a range may have between two used ones. */
  readonly portGap: number;
  /** A rule for all protocols may replace rules for those that were used. */
  readonly allProtocols: boolean;
  /** ICMP type and code of the rule; they are kept. */
  readonly icmp: IcmpMatch | null;
}

/** By the number of rules minus one; null if that few are not enough. */
export type Covers = (Cover | null)[];

interface Run extends PortRange {
  /** The widest gap between its ports. */
  readonly gap: number;
  readonly indexes: readonly number[];
}

/** Runs of ports beyond this number are joined first, the closest ones. */
const MOST_RUNS = 32;

/** The smallest covers by number of rules: ports are cut into ranges in every way, and the peers of each range covered best. */
export function coverServices(services: readonly ServicePeers[], space: PeerSpace, options: ServiceOptions): Covers {
  const protocols = [...new Set(services.map(({ protocol }) => protocol))].sort((a, b) => a - b);
  let covers: Covers | null = null;
  for (const protocol of protocols) {
    const own = services.filter((one) => one.protocol === protocol);
    const next = hasPorts(protocol)
      ? coverPorts(protocol, own, space, options)
      : coverWhole(own, protocol, space, options);
    covers = covers === null ? next : addUp(covers, next, options.most);
  }
  if (covers === null) return [];
  if (!options.allProtocols || protocols.length < 2) return covers;
  return cheaper(covers, coverWhole(services, ALL_PROTOCOLS, space, options));
}

function coverWhole(
  services: readonly ServicePeers[],
  protocol: number,
  space: PeerSpace,
  options: ServiceOptions,
): Covers {
  const service = { protocol, ports: null, icmp: protocol === ALL_PROTOCOLS ? null : options.icmp };
  return space.covers(union(services.map(({ indexes }) => indexes))).map((peers) => peers && coverOf(service, peers));
}

function coverOf(service: Omit<RuleMatch, "peer">, { size, peers }: PeerCover): Cover {
  const services = ruleServices(service);
  return { volume: size * services, rules: peers.map((peer) => ({ ...service, peer })) };
}

function coverPorts(
  protocol: number,
  services: readonly ServicePeers[],
  space: PeerSpace,
  options: ServiceOptions,
): Covers {
  const runs = runsOf(services);
  // best[n]: covers of the runs up to n.
  const best: Covers[] = [];
  for (let to = 0; to < runs.length; to++) {
    let covers: Covers = [];
    let gap = 0;
    for (let from = to; from >= 0; from--) {
      if (from < to) gap = Math.max(gap, gapBetween(runs[from], runs[from + 1]));
      if (Math.max(gap, runs[from].gap) > options.portGap) break;
      const service = { protocol, ports: { from: runs[from].from, to: runs[to].to }, icmp: null };
      const indexes = union(runs.slice(from, to + 1).map((run) => run.indexes));
      const last = space.covers(indexes).map((peers) => peers && coverOf(service, peers));
      covers = cheaper(covers, from === 0 ? last : addUp(best[from - 1], last, options.most));
    }
    best.push(covers);
  }
  return best.at(-1) ?? [];
}

function runsOf(services: readonly ServicePeers[]): Run[] {
  const runs: Run[] = services
    .toSorted((a, b) => a.port - b.port)
    .map(({ port, indexes }) => ({ from: port, to: port, gap: 0, indexes }));
  while (runs.length > MOST_RUNS) {
    let closest = 0;
    for (let at = 1; at + 1 < runs.length; at++) {
      if (gapBetween(runs[at], runs[at + 1]) < gapBetween(runs[closest], runs[closest + 1])) closest = at;
    }
    const [left, right] = runs.slice(closest, closest + 2);
    const gap = Math.max(left.gap, right.gap, gapBetween(left, right));
    runs.splice(closest, 2, { from: left.from, to: right.to, gap, indexes: union([left.indexes, right.indexes]) });
  }
  return runs;
}

/** Unused ports between two runs. */
function gapBetween(left: PortRange, right: PortRange): number {
  return right.from - left.to - 1;
}

function union(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/** Covers of both together, by the number of rules. */
function addUp(a: Covers, b: Covers, most: number): Covers {
  const sums: Covers = [];
  for (let count = 2; count <= Math.min(most, a.length + b.length); count++) {
    let best: readonly [Cover, Cover] | null = null;
    for (let own = Math.max(1, count - b.length); own <= Math.min(count - 1, a.length); own++) {
      const [left, right] = [a[own - 1], b[count - own - 1]];
      if (!left || !right) continue;
      if (best === null || left.volume + right.volume < best[0].volume + best[1].volume) best = [left, right];
    }
    sums[count - 1] = best && { volume: best[0].volume + best[1].volume, rules: best.flatMap(({ rules }) => rules) };
  }
  return Array.from(sums, (cover) => cover ?? null);
}

/** The smaller cover of both by number; a cover with fewer rules also counts for more rules. */
function cheaper(a: Covers, b: Covers): Covers {
  const both: Covers = [];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    let best = both[at - 1] ?? null;
    for (const cover of [a[at], b[at]]) if (cover && cover.volume < (best?.volume ?? Infinity)) best = cover;
    both.push(best);
  }
  return both;
}

/** The number of rules within the limits of widening, if there were no limit of number. */
export function fewestRules(services: readonly ServicePeers[], space: PeerSpace, portGap: number): number {
  let count = 0;
  for (const protocol of new Set(services.map((one) => one.protocol))) {
    const own = services.filter((one) => one.protocol === protocol);
    const ranges = hasPorts(protocol) ? closeRanges(own, portGap) : [own];
    for (const range of ranges) count += space.fewest(union(range.map(({ indexes }) => indexes)));
  }
  return count;
}

function closeRanges(services: readonly ServicePeers[], portGap: number): ServicePeers[][] {
  const ranges: ServicePeers[][] = [];
  for (const one of services.toSorted((a, b) => a.port - b.port)) {
    const last = ranges.at(-1);
    if (last && one.port - last.at(-1)!.port - 1 <= portGap) last.push(one);
    else ranges.push([one]);
  }
  return ranges;
}

/** Peers of rules that together contain all addresses; size in addresses. */
interface PeerCover {
  readonly size: number;
  readonly peers: readonly Peer[];
}

/** The best covers with at most one, two, … peers, by their number minus one; null if that few are not enough. */
type PeerCovers = readonly (PeerCover | null)[];

export interface PeerSpace {
  /** Covers of the addresses with these indexes. */
  covers(indexes: readonly number[]): PeerCovers;
  /** The number of peers within the limit of widening, if there were no limit of number. */
  fewest(indexes: readonly number[]): number;
}

/** Most references to try in one cover, those with most of the addresses first. */
const MOST_REFERENCES = 6;

/** Covers by blocks and references. Of equal covers the one with references wins, because they follow their members. */
export function addressSpace(
  addresses: readonly Prefix[],
  references: readonly Reference[],
  options: { readonly most: number; readonly shortest: (family: Prefix["family"]) => number },
): PeerSpace {
  const held = heldBy(references, addresses);
  const known = new Map<string, PeerCovers>();
  const blocksOf = (indexes: readonly number[]): PeerCovers =>
    coverPrefixes(
      indexes.map((at) => addresses[at]),
      { ...options, sizeOf: prefixAddresses },
    ).map((cover) => cover && { size: cover.size, peers: cover.blocks.map((prefix) => ({ kind: "cidr", prefix })) });

  const best = (indexes: readonly number[]): PeerCovers => {
    const covers: (PeerCover | null)[] = [...blocksOf(indexes)];
    const used: Reference[] = [];
    let left = indexes;
    while (left.length > 0 && used.length < Math.min(MOST_REFERENCES, options.most)) {
      const next = bestReference(left, references, held);
      if (next < 0) break;
      used.push(references[next]);
      left = left.filter((at) => !held[next].has(at));
      const own = {
        size: used.reduce((sum, { addresses }) => sum + addresses, 0),
        peers: used.map(({ peer }) => peer),
      };
      const rest = left.length === 0 ? [{ size: 0, peers: [] }] : [null, ...blocksOf(left)];
      rest.forEach((cover, count) => {
        const at = used.length + count - 1;
        if (cover === null || at >= options.most) return;
        const whole = { size: own.size + cover.size, peers: [...own.peers, ...cover.peers] };
        while (covers.length <= at) covers.push(covers.at(-1) ?? null);
        for (let index = at; index < covers.length; index++) {
          if (whole.size <= (covers[index]?.size ?? Infinity)) covers[index] = whole;
        }
      });
    }
    return covers;
  };

  return {
    covers(indexes) {
      const key = indexes.join(",");
      const found = known.get(key);
      if (found) return found;
      const covers = best(indexes);
      known.set(key, covers);
      return covers;
    },
    fewest: (indexes) =>
      fewestBlocks(
        indexes.map((at) => addresses[at]),
        options.shortest,
      ),
  };
}

/** The indexes of the addresses in each reference. Most members are hosts, which are looked up. */
function heldBy(references: readonly Reference[], addresses: readonly Prefix[]): Set<number>[] {
  const indexOf = new Map(addresses.map((one, at) => [formatPrefix(one), at]));
  return references.map(({ members }) => {
    const indexes = new Set<number>();
    for (const member of members) {
      if (member.length === bitsOf(member.family)) {
        const index = indexOf.get(formatPrefix(member));
        if (index !== undefined) indexes.add(index);
      } else {
        addresses.forEach((one, at) => holdsAddress(member, one) && indexes.add(at));
      }
    }
    return indexes;
  });
}

/** The reference with most of the addresses; of these the smallest. */
function bestReference(
  indexes: readonly number[],
  references: readonly Reference[],
  held: readonly ReadonlySet<number>[],
): number {
  const open = new Set(indexes);
  let best = -1;
  let most = 0;
  references.forEach(({ addresses }, at) => {
    if (held[at].size < most || held[at].size === 0) return;
    let count = 0;
    for (const index of held[at]) if (open.has(index)) count++;
    if (count > most || (count === most && count > 0 && addresses < references[best].addresses)) {
      [best, most] = [at, count];
    }
  });
  return best;
}

/** A peer that stays as it is: a group or a prefix list. */
export function fixedSpace(peer: Peer, size: number): PeerSpace {
  return { covers: () => [{ size, peers: [peer] }], fewest: () => 1 };
}
