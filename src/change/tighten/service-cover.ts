import { ALL_PROTOCOLS, hasPorts } from "../../net/protocols.ts";
import { ruleServices } from "../../policy/breadth.ts";
import type { IcmpMatch, PortRange } from "../../policy/model.ts";
import type { PeerCover, PeerSpace } from "./peer-cover.ts";
import type { Match } from "./use.ts";

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
