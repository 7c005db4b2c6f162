import { breadthScore, ruleVolume } from "../../analysis/breadth.ts";
import type { SecurityGroupRule, Snapshot } from "../../model/model.ts";
import { formatPrefix } from "../../net/address.ts";
import type { StoredRecords } from "../../store/stored-records.ts";
import type { TrafficClass } from "../../store/traffic-classes.ts";
import { plural } from "../../text.ts";
import { admission, type Limits, narrowRule, type Replacement } from "./narrow.ts";
import {
  type AdmittedService,
  admittedServices,
  collectRequiredFlows,
  companionsOf,
  type RequiredFlow,
  type ObservedService,
  serviceKey,
} from "./required-flows.ts";

export interface TightenOptions extends Limits {
  /** Share of the window, at its end, that rules learnt on the first part are tested on; 0 to 1. */
  readonly holdOut: number;
  /** Traffic that nobody answered is needed too. */
  readonly keepReplyless: boolean;
}

/** What a broad rule is, and how far `tighten` goes by default. */
export const TIGHTEN_DEFAULTS = {
  broad: 33,
  maxRules: 10,
  shortest4: 24,
  shortest6: 64,
  portGap: 0,
  references: true,
  keepReplyless: false,
  holdOut: 0.3,
} satisfies TightenOptions & { readonly broad: number };

/** The result for a rule. */
export interface TightenedRule {
  readonly rule: SecurityGroupRule;
  /**
   * `narrow`: the replacement admits all its real traffic. `redundant`: other rules admit all of it, so it needs no
   * replacement. `keep`: no replacement within the limits, see `reason`.
   */
  readonly status: "narrow" | "redundant" | "keep";
  readonly reason: string;
  readonly breadth: number;
  /** Null if the rule is kept. */
  readonly replacement: Replacement | null;
  readonly holdOut: HoldOut | null;
  readonly curve: readonly CurvePoint[];
  /** Real connections and peers that need the rule or its replacement. */
  readonly connections: number;
  readonly peers: number;
  /** Connections that the replacement no longer admits. */
  readonly leftOut: Readonly<Record<"scanner" | "replyless", number>>;
}

export interface CurvePoint extends Replacement {
  readonly holdOut: HoldOut | null;
  readonly chosen: boolean;
}

export function isNeeded(trafficClass: TrafficClass | "unknown", { keepReplyless }: TightenOptions): boolean {
  return trafficClass === "real" || trafficClass === "unknown" || (keepReplyless && trafficClass === "replyless");
}

/** A replacement for each rule, by what would be denied without all of them. Not proven yet. */
export async function proposeRules(
  stored: StoredRecords,
  snapshot: Snapshot,
  rules: readonly SecurityGroupRule[],
  options: TightenOptions,
  split: number,
  unreferenced: ReadonlySet<string>,
): Promise<TightenedRule[]> {
  if (rules.length === 0) return [];
  const { flows, complete } = await collectRequiredFlows(stored, rules, split);
  if (!complete) return rules.map((rule) => keepRule(rule, "it has too many peers to distinguish", snapshot));
  const sums = await admittedServices(
    stored,
    rules.map(({ id }) => id),
  );
  const breadths = new Map(rules.map((rule) => [rule.id, breadthScore(ruleVolume(rule, snapshot))]));
  // If several of the rules admit a service, the narrowest one has to.
  const serving = (ruleIds: readonly string[]): string =>
    ruleIds.reduce((a, b) => (breadths.get(b)! < breadths.get(a)! ? b : a));
  const servicesOf = neededServices([...flows, ...prunedFlows(sums, flows, split)], serving, options);
  const found: TightenedRule[] = [];
  for (const rule of rules) {
    const uses = [...(servicesOf.get(rule.id)?.values() ?? [])];
    const own = sums.filter((one) => serving(one.ruleIds) === rule.id);
    const limits = { ...options, references: options.references && !unreferenced.has(rule.id) };
    found.push(
      uses.length === 0
        ? await redundantRule(stored, rule, own, snapshot)
        : narrowedRule(rule, uses, own, snapshot, limits, options),
    );
  }
  return found;
}

/** Services whose records were pruned; the sums have the time of the first connection. */
function prunedFlows(sums: readonly AdmittedService[], flows: readonly RequiredFlow[], split: number): RequiredFlow[] {
  const known = new Set(flows.map(serviceKey));
  return sums
    .filter((one) => !known.has(serviceKey(one)))
    .map(({ first, connections, ...use }) => ({
      ...use,
      learnt: first < split ? connections : 0,
      heldBack: first < split ? 0 : connections,
    }));
}

function neededServices(
  flows: readonly RequiredFlow[],
  serving: (ruleIds: readonly string[]) => string,
  options: TightenOptions,
): Map<string, Map<string, TimedService>> {
  const byRule = new Map<string, Map<string, TimedService>>();
  for (const { peer, protocol, port, ruleIds, trafficClass, learnt, heldBack } of flows) {
    if (!isNeeded(trafficClass, options)) continue;
    const rule = serving(ruleIds);
    const uses = byRule.get(rule) ?? new Map<string, TimedService>();
    byRule.set(rule, uses);
    const key = serviceKey({ peer, protocol, port });
    const known = uses.get(key) ?? { learnt: 0, heldBack: 0 };
    uses.set(key, { peer, protocol, port, learnt: known.learnt + learnt, heldBack: known.heldBack + heldBack });
  }
  return byRule;
}

export function keepRule(rule: SecurityGroupRule, reason: string, snapshot: Snapshot): TightenedRule {
  return {
    rule,
    status: "keep",
    reason,
    breadth: breadthScore(ruleVolume(rule, snapshot)),
    replacement: null,
    holdOut: null,
    curve: [],
    connections: 0,
    peers: 0,
    leftOut: { scanner: 0, replyless: 0 },
  };
}

async function redundantRule(
  stored: StoredRecords,
  rule: SecurityGroupRule,
  own: readonly AdmittedService[],
  snapshot: Snapshot,
): Promise<TightenedRule> {
  const others = await companionsOf(stored, rule.id);
  // Its connections passed because they were tracked, or by a rule that was removed.
  if (others.length === 0) return keepRule(rule, "none of its records needs it when judged again", snapshot);
  return {
    ...keepRule(rule, `other rules admit all its real traffic (${others.join(", ")})`, snapshot),
    status: "redundant",
    replacement: { rules: [], breadth: 0, withinLimits: true },
    leftOut: leftOutOf(own, () => false),
  };
}

function narrowedRule(
  rule: SecurityGroupRule,
  uses: readonly TimedService[],
  own: readonly AdmittedService[],
  snapshot: Snapshot,
  limits: Limits,
  options: TightenOptions,
): TightenedRule {
  const admits = admission(rule, snapshot);
  const outside = uses.filter((use) => !admits(rule, use)).length;
  if (outside > 0)
    return keepRule(rule, `it was wider within the window and no longer admits ${outside} of its services`, snapshot);
  const { narrowed, holdOut, ofCurve } = testedReplacements(rule, uses, snapshot, limits);
  const { chosen, curve, needed } = narrowed;
  const base = keepRule(rule, keepReason(needed, limits), snapshot);
  const real = own.filter((one) => isNeeded(one.trafficClass, options));
  const services = new Set(uses.map(({ protocol, port }) => `${protocol}/${port}`)).size;
  const peers = new Set(uses.map(({ peer }) => formatPrefix(peer))).size;
  const reason = `${plural(peers, "real peer")}, ${plural(services, "service")}`;
  return {
    ...base,
    ...(chosen !== null && { status: "narrow" as const, reason }),
    replacement: chosen,
    holdOut,
    curve: curve.map((one, at) => ({ ...one, holdOut: ofCurve[at], chosen: one === chosen })),
    connections: real.reduce((sum, one) => sum + one.connections, 0),
    peers,
    leftOut: chosen ? leftOutOf(own, (use) => chosen.rules.some((one) => admits(one, use))) : base.leftOut,
  };
}

function keepReason(needed: number, { maxRules }: Limits): string {
  return needed > maxRules
    ? `within the limits of widening it would take ${needed} rules, more than ${maxRules}`
    : "it is hardly wider than its use";
}

function leftOutOf(
  own: readonly AdmittedService[],
  admitted: (use: AdmittedService) => boolean,
): TightenedRule["leftOut"] {
  const leftOut = { scanner: 0, replyless: 0 };
  for (const one of own) {
    if (one.trafficClass !== "real" && !admitted(one)) leftOut[one.trafficClass] += one.connections;
  }
  return leftOut;
}

/** A service with the accepted records that need it, before and after the split. */
interface TimedService extends ObservedService {
  readonly learnt: number;
  readonly heldBack: number;
}

/** Held-back records, and how many of them rules learnt on the first part of the window would have denied. */
export interface HoldOut {
  readonly records: number;
  readonly broken: number;
}

/**
 * The replacements of a rule, learnt on the whole window, with the tests of those learnt on its first part: of the chosen one,
 * and for each point of the curve of the one with at most as many rules. Null if the rule was not used in one of the two parts.
 */
function testedReplacements(
  rule: SecurityGroupRule,
  uses: readonly TimedService[],
  snapshot: Snapshot,
  limits: Limits,
) {
  const narrowed = narrowRule(rule, uses, snapshot, limits);
  const first = uses.filter((use) => use.learnt > 0);
  const second = uses.filter((use) => use.heldBack > 0);
  const isTested = first.length > 0 && second.length > 0;
  const learnt = isTested ? narrowRule(rule, first, snapshot, limits) : null;
  const admits = admission(rule, snapshot);
  const records = second.reduce((sum, use) => sum + use.heldBack, 0);
  const test = (replacement: Replacement | null | undefined): HoldOut | null => {
    if (!replacement) return null;
    const denied = second.filter((use) => !replacement.rules.some((one) => admits(one, use)));
    return { records, broken: denied.reduce((sum, use) => sum + use.heldBack, 0) };
  };
  return {
    narrowed,
    holdOut: narrowed.chosen && test(learnt?.chosen),
    ofCurve: narrowed.curve.map(({ rules, withinLimits }) =>
      test(learnt?.curve.findLast((one) => one.rules.length <= rules.length && one.withinLimits === withinLimits)),
    ),
  };
}
