import { EGRESS, INGRESS } from "../evaluate/lookup/policy-lookup.ts";
import { formatAddress } from "../net/address.ts";
import { hasPorts, protocolName } from "../net/protocols.ts";
import type { StoredRecords } from "../store/stored-records.ts";
import type { TrafficClass } from "../store/traffic-classes.ts";
import type { Compared, Outcome } from "./compare-verdicts.ts";
import { type Effect, EFFECTS, type UnsureCause } from "./effects.ts";
import { createPeerGroups } from "./peer-groups.ts";

/** Records that change in the same way, for the same rules, with the same peer and service. */
export interface ChangeGroup {
  readonly effect: Effect;
  /** Why it is not certain; null where it is. */
  readonly cause: UnsureCause | null;
  /** The layer whose decision changes: it denies under the proposal, or denied until now. */
  readonly layer: "sg" | "nacl_in" | "nacl_out" | null;
  /** Its rules: for `breaks` those that admit today, for `opens` those that would admit. */
  readonly ruleIds: readonly string[];
  /** The network ACL entry that denies, before or after; empty if no group rule admits. */
  readonly denyingIds: readonly string[];
  /** Direction in which the connection was opened; null if unknown. */
  readonly direction: "ingress" | "egress" | null;
  readonly protocol: string;
  readonly port: number | null;
  readonly peer: string;
  readonly interfaceIds: readonly string[];
  readonly records: number;
  readonly packets: number;
  readonly bytes: number;
  /** Unix seconds. */
  readonly first: number;
  readonly last: number;
  /** Class of the traffic; `unknown` if no group rule was credited with it. */
  readonly trafficClass: TrafficClass | "unknown";
}

/** Counts what a proposal changes. Memory grows with the variety of the changed traffic, up to a limit. */
export interface ChangeTally {
  add(compared: Compared): void;
  /** Records by effect, and all of them. */
  readonly effects: Readonly<Record<Effect, number>>;
  /** Records that the proposal may deny, by effect and cause. */
  readonly uncertain: readonly UncertainRecords[];
  readonly records: number;
  /** Records beyond the limit of groups; they count in `effects`, but are in no group. */
  readonly ungrouped: number;
  groups(stored: StoredRecords): Promise<ChangeGroup[]>;
}

interface UncertainRecords {
  readonly effect: "may_break" | "unsure";
  readonly cause: UnsureCause | null;
  readonly records: number;
}

const MOST_GROUPS = 1_000_000;

interface ChangeKind extends Pick<ChangeGroup, "layer" | "ruleIds" | "denyingIds"> {
  readonly outcome: Outcome;
}

interface GrowingGroup extends ChangeGroup {
  readonly interfaceIds: string[];
}

/** The direction in which a connection was opened, by its initiator; 0 if unknown. */
const OPENED = { local: EGRESS, remote: INGRESS, unknown: 0 } as const;

export function createChangeTally(): ChangeTally {
  const effects = Object.fromEntries(EFFECTS.map((effect) => [effect, 0])) as Record<Effect, number>;
  const kinds: ChangeKind[] = [];
  const kindIds = new Map<string, number>();
  /** Group rules that admit today what would break; the classes of their traffic are looked up. */
  const admitting = new Set<string>();
  const kindOfOutcome: number[] = [];
  const peers = createPeerGroups(MOST_GROUPS);
  /** Records by outcome, of those that are uncertain. */
  const uncertain = new Map<string, { effect: "may_break" | "unsure"; cause: UnsureCause | null; records: number }>();
  const sums: { records: number; packets: number; bytes: number; first: number; last: number }[] = [];
  let ungrouped = 0;

  const kindOf = (id: number, outcome: Outcome): number => {
    const known = kindOfOutcome[id];
    if (known !== undefined) return known;
    const { effect, cause, judgement } = outcome;
    const change = changeOf(outcome);
    if (mayBreak(effect)) for (const id of outcome.before.groupRuleIds) admitting.add(id);
    const text = JSON.stringify([effect, cause, change, judgement.initiator]);
    let kind = kindIds.get(text);
    if (kind === undefined) {
      kind = kinds.length;
      kinds.push({ outcome, ...change });
      kindIds.set(text, kind);
    }
    return (kindOfOutcome[id] = kind);
  };

  const countUncertain = ({ effect, cause }: Outcome): void => {
    if (effect !== "may_break" && effect !== "unsure") return;
    const key = `${effect} ${cause}`;
    const known = uncertain.get(key);
    if (known === undefined) uncertain.set(key, { effect, cause, records: 1 });
    else known.records++;
  };

  return {
    effects,
    get uncertain() {
      return [...uncertain.values()].sort((a, b) => b.records - a.records);
    },
    get records() {
      return Object.values(effects).reduce((sum, records) => sum + records, 0);
    },
    get ungrouped() {
      return ungrouped;
    },
    add({ chunk: { batch }, outcome, outcomes }) {
      for (let row = 0; row < batch.rows; row++) {
        const one = outcomes[outcome[row]];
        effects[one.effect]++;
        countUncertain(one);
        if (one.effect === "same" || one.effect === "doubtful" || one.effect === "unknown") continue;
        const direction = one.judgement.direction === "egress" ? EGRESS : INGRESS;
        const group = peers.groupOf(batch, row, kindOf(outcome[row], one), direction, isServer(one, direction));
        if (group < 0) {
          ungrouped++;
          continue;
        }
        const [first, last] = [batch.start[row], batch.end[row]];
        const sum = (sums[group] ??= { records: 0, packets: 0, bytes: 0, first, last });
        sum.records++;
        sum.packets += batch.packets[row];
        sum.bytes += batch.bytes[row];
        sum.first = Math.min(sum.first, first);
        sum.last = Math.max(sum.last, last);
      }
    },
    async groups(stored) {
      const openerOf = (kind: number): number => OPENED[kinds[kind].outcome.judgement.initiator];
      const merged = new Map<string, GrowingGroup>();
      for (const one of await peers.groups(stored, [...admitting], openerOf)) {
        const { kind, protocol, port, trafficClass } = one;
        const { outcome, ...change } = kinds[kind];
        const opener = openerOf(kind);
        const peer = one.peer === null ? "-" : formatAddress(one.peer);
        const group: GrowingGroup = {
          effect: outcome.effect,
          cause: outcome.cause,
          ...change,
          direction: opener === 0 ? null : opener === EGRESS ? "egress" : "ingress",
          protocol: protocolName(protocol),
          port: hasPorts(protocol) ? port : null,
          peer,
          interfaceIds: [stored.interfaceIds[one.eni]],
          ...sums[one.number],
          trafficClass,
        };
        const text = JSON.stringify([kind, peer, protocol, port, trafficClass]);
        const known = merged.get(text);
        merged.set(text, known ? join(known, group) : group);
      }
      return [...merged.values()].sort(
        (a, b) => EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect) || b.records - a.records,
      );
    },
  };
}

/** The layer whose decision changes, and the rules concerned. */
function changeOf({ effect, before, after }: Outcome): Pick<ChangeGroup, "layer" | "ruleIds" | "denyingIds"> {
  if (effect === "unsure") return { layer: "sg", ruleIds: before.groupRuleIds, denyingIds: [] };
  const denied = after.verdict === "deny" ? after : before;
  const admitted = after.verdict === "deny" ? before : after;
  const layer = denied.decidedBy === "sg_in" || denied.decidedBy === "sg_out" ? "sg" : denied.decidedBy;
  if (layer === "sg" || layer === null) return { layer, ruleIds: admitted.groupRuleIds, denyingIds: [] };
  return { layer, ruleIds: admitted.entryIds, denyingIds: denied.entryIds };
}

/** Accepted traffic that the proposal stops. */
export function isBreaking(effect: Effect): boolean {
  return effect === "breaks" || effect === "may_break";
}

/** Accepted traffic that the proposal stops in some possible world. */
export function mayBreak(effect: Effect): boolean {
  return isBreaking(effect) || effect === "unsure";
}

/** Real traffic. Traffic of scanners and unanswered traffic do not count, unknown traffic does. */
export function isReal({ trafficClass }: ChangeGroup): boolean {
  return trafficClass === "real" || trafficClass === "unknown";
}

/** Whether the peer did not open the connection; if that is unknown, whether the packet goes to it. */
function isServer({ judgement }: Outcome, direction: number): boolean {
  return judgement.initiator === "unknown" ? direction === EGRESS : judgement.initiator === "local";
}

function join(a: GrowingGroup, b: GrowingGroup): GrowingGroup {
  a.interfaceIds.push(...b.interfaceIds);
  return {
    ...a,
    records: a.records + b.records,
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
  };
}
