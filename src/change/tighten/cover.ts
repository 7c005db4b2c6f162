import { prefixAddresses, ruleServices } from "../../analysis/breadth.ts";
import type { IcmpMatch, Peer, PortRange } from "../../model/model.ts";
import { formatPrefix, type Prefix } from "../../net/address.ts";
import { bitsOf } from "../../net/parse.ts";
import { coverPrefixes, fewestBlocks } from "../../net/prefixes.ts";
import { ALL_PROTOCOLS, hasPorts } from "../../net/protocols.ts";
import type { Reference } from "./references.ts";
import { holdsHost, type Match } from "./required-flows.ts";

/** Rules that together admit all uses; volume in addresses times services. */
export interface Cover {
  readonly volume: number;
  readonly rules: readonly Match[];
}

/** A service and the places of the peers that use it. */
export interface ServiceUse {
  readonly protocol: number;
  /** 0 for protocols without ports. */
  readonly port: number;
  readonly places: readonly number[];
}

export interface ServiceOptions {
  readonly most: number;
  /** Ports that nobody used which a range may add between two used ones. */
  readonly portGap: number;
  /** A rule for every protocol may stand in for those that were used. */
  readonly allProtocols: boolean;
  /** Kept of a rule for ICMP. */
  readonly icmp: IcmpMatch | null;
}

/** By the number of rules less one; null where that few cannot do it. */
export type Covers = (Cover | null)[];

interface Run extends PortRange {
  /** The widest gap between its ports. */
  readonly gap: number;
  readonly places: readonly number[];
}

/** More runs of ports than this are joined first, the closest ones. */
const MOST_RUNS = 32;

/**
 * The cheapest rules, by number: ports are cut into ranges in every way, and the peers of each range covered at their best.
 */
export function coverServices(uses: readonly ServiceUse[], space: PeerSpace, options: ServiceOptions): Covers {
  const protocols = [...new Set(uses.map(({ protocol }) => protocol))].sort((a, b) => a - b);
  let covers: Covers | null = null;
  for (const protocol of protocols) {
    const own = uses.filter((use) => use.protocol === protocol);
    const next = hasPorts(protocol)
      ? coverPorts(protocol, own, space, options)
      : coverWhole(own, protocol, space, options);
    covers = covers === null ? next : addUp(covers, next, options.most);
  }
  if (covers === null) return [];
  if (!options.allProtocols || protocols.length < 2) return covers;
  return cheaper(covers, coverWhole(uses, ALL_PROTOCOLS, space, options));
}

function coverWhole(uses: readonly ServiceUse[], protocol: number, space: PeerSpace, options: ServiceOptions): Covers {
  const service = { protocol, ports: null, icmp: protocol === ALL_PROTOCOLS ? null : options.icmp };
  return space.covers(union(uses.map(({ places }) => places))).map((peers) => peers && coverOf(service, peers));
}

function coverOf(service: Omit<Match, "peer">, { size, peers }: PeerCover): Cover {
  const services = ruleServices(service);
  return { volume: size * services, rules: peers.map((peer) => ({ ...service, peer })) };
}

function coverPorts(protocol: number, uses: readonly ServiceUse[], space: PeerSpace, options: ServiceOptions): Covers {
  const runs = runsOf(uses);
  // best[n]: covers of the first n runs.
  const best: Covers[] = [];
  for (let to = 0; to < runs.length; to++) {
    let covers: Covers = [];
    let gap = 0;
    for (let from = to; from >= 0; from--) {
      if (from < to) gap = Math.max(gap, gapBetween(runs[from], runs[from + 1]));
      if (Math.max(gap, runs[from].gap) > options.portGap) break;
      const service = { protocol, ports: { from: runs[from].from, to: runs[to].to }, icmp: null };
      const places = union(runs.slice(from, to + 1).map((run) => run.places));
      const last = space.covers(places).map((peers) => peers && coverOf(service, peers));
      covers = cheaper(covers, from === 0 ? last : addUp(best[from - 1], last, options.most));
    }
    best.push(covers);
  }
  return best.at(-1) ?? [];
}

function runsOf(uses: readonly ServiceUse[]): Run[] {
  const runs: Run[] = uses
    .toSorted((a, b) => a.port - b.port)
    .map(({ port, places }) => ({ from: port, to: port, gap: 0, places }));
  while (runs.length > MOST_RUNS) {
    let closest = 0;
    for (let at = 1; at + 1 < runs.length; at++) {
      if (gapBetween(runs[at], runs[at + 1]) < gapBetween(runs[closest], runs[closest + 1])) closest = at;
    }
    const [left, right] = runs.slice(closest, closest + 2);
    const gap = Math.max(left.gap, right.gap, gapBetween(left, right));
    runs.splice(closest, 2, { from: left.from, to: right.to, gap, places: union([left.places, right.places]) });
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

/** By number the cheaper of both; a cover with fewer rules serves where it is cheaper than any with more. */
function cheaper(a: Covers, b: Covers): Covers {
  const both: Covers = [];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    let best = both[at - 1] ?? null;
    for (const cover of [a[at], b[at]]) if (cover && cover.volume < (best?.volume ?? Infinity)) best = cover;
    both.push(best);
  }
  return both;
}

/** How many rules it takes within the limits of widening, were there no limit of number. */
export function fewestRules(uses: readonly ServiceUse[], space: PeerSpace, portGap: number): number {
  let count = 0;
  for (const protocol of new Set(uses.map((use) => use.protocol))) {
    const own = uses.filter((use) => use.protocol === protocol);
    const ranges = hasPorts(protocol) ? closeRanges(own, portGap) : [own];
    for (const range of ranges) count += space.fewest(union(range.map(({ places }) => places)));
  }
  return count;
}

function closeRanges(uses: readonly ServiceUse[], portGap: number): ServiceUse[][] {
  const ranges: ServiceUse[][] = [];
  for (const use of uses.toSorted((a, b) => a.port - b.port)) {
    const last = ranges.at(-1);
    if (last && use.port - last.at(-1)!.port - 1 <= portGap) last.push(use);
    else ranges.push([use]);
  }
  return ranges;
}

/** Peers of rules that together stand for all addresses asked for; size in addresses. */
interface PeerCover {
  readonly size: number;
  readonly peers: readonly Peer[];
}

/** The best covers with at most one, two, … peers, by their number less one; null where that few cannot do it. */
type PeerCovers = readonly (PeerCover | null)[];

export interface PeerSpace {
  /** Covers of some of the addresses, by their places. */
  covers(places: readonly number[]): PeerCovers;
  /** How many peers it takes within the limit of widening, were there no limit of number. */
  fewest(places: readonly number[]): number;
}

/** References to try in one cover, those with most of the addresses first. */
const MOST_REFERENCES = 6;

/** Blocks of addresses and references in their stead; of equal covers the one with references, which follow their members. */
export function addressSpace(
  addresses: readonly Prefix[],
  references: readonly Reference[],
  options: { readonly most: number; readonly shortest: (family: Prefix["family"]) => number },
): PeerSpace {
  const held = heldBy(references, addresses);
  const known = new Map<string, PeerCovers>();
  const blocksOf = (places: readonly number[]): PeerCovers =>
    coverPrefixes(
      places.map((at) => addresses[at]),
      { ...options, sizeOf: prefixAddresses },
    ).map((cover) => cover && { size: cover.size, peers: cover.blocks.map((prefix) => ({ kind: "cidr", prefix })) });

  const best = (places: readonly number[]): PeerCovers => {
    const covers: (PeerCover | null)[] = [...blocksOf(places)];
    const used: Reference[] = [];
    let left = places;
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
        for (let place = at; place < covers.length; place++) {
          if (whole.size <= (covers[place]?.size ?? Infinity)) covers[place] = whole;
        }
      });
    }
    return covers;
  };

  return {
    covers(places) {
      const key = places.join(",");
      const found = known.get(key);
      if (found) return found;
      const covers = best(places);
      known.set(key, covers);
      return covers;
    },
    fewest: (places) =>
      fewestBlocks(
        places.map((at) => addresses[at]),
        options.shortest,
      ),
  };
}

/** The places of the addresses that each reference stands for. Most members are hosts, which are looked up. */
function heldBy(references: readonly Reference[], addresses: readonly Prefix[]): Set<number>[] {
  const placeOf = new Map(addresses.map((one, at) => [formatPrefix(one), at]));
  return references.map(({ members }) => {
    const places = new Set<number>();
    for (const member of members) {
      if (member.length === bitsOf(member.family)) {
        const place = placeOf.get(formatPrefix(member));
        if (place !== undefined) places.add(place);
      } else {
        addresses.forEach((one, at) => holdsHost(member, one) && places.add(at));
      }
    }
    return places;
  });
}

/** The one that stands for most of the addresses; of these the smallest. */
function bestReference(
  places: readonly number[],
  references: readonly Reference[],
  held: readonly ReadonlySet<number>[],
): number {
  const open = new Set(places);
  let best = -1;
  let most = 0;
  references.forEach(({ addresses }, at) => {
    if (held[at].size < most || held[at].size === 0) return;
    let count = 0;
    for (const place of held[at]) if (open.has(place)) count++;
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
