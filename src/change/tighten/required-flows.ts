import { EGRESS, INGRESS } from "../../evaluate/lookup/policy-lookup.ts";
import type { SecurityGroupRule } from "../../model/model.ts";
import { formatPrefix, holdsAddress, type Prefix } from "../../net/address.ts";
import { hostPrefix, parseAddress } from "../../net/parse.ts";
import { hasPorts } from "../../net/protocols.ts";
import type { StoredRecords } from "../../store/stored-records.ts";
import type { TrafficClass } from "../../store/traffic-classes.ts";
import { isBreaking } from "../change-groups.ts";
import { createComparison, type Outcome } from "../compare-verdicts.ts";
import { createPeerGroups } from "../peer-groups.ts";
import { proposeReplacements } from "../what-if.ts";

/** A service that only some of the given rules admit. */
export interface RequiredFlow extends ObservedService {
  /** Those that do, ascending; one is enough. */
  readonly ruleIds: readonly string[];
  readonly trafficClass: TrafficClass | "unknown";
  /** Accepted records before and after the split. */
  readonly learnt: number;
  readonly heldBack: number;
}

const MOST_GROUPS = 4_000_000;

/**
 * What would be denied without the rules, by judging every stored record again without them. `split` is in Unix seconds.
 * `complete` is false if there were too many peers to distinguish.
 */
export async function collectRequiredFlows(
  stored: StoredRecords,
  rules: readonly SecurityGroupRule[],
  split: number,
): Promise<{ readonly flows: readonly RequiredFlow[]; readonly complete: boolean }> {
  const directions = new Map(rules.map(({ id, direction }) => [id, direction === "egress" ? EGRESS : INGRESS]));
  const compare = createComparison(stored, proposeReplacements(new Map(rules.map(({ id }) => [id, []]))));
  const kinds: { readonly ruleIds: readonly string[]; readonly direction: number }[] = [];
  const kindsOfOutcome: number[][] = [];
  const peers = createPeerGroups(MOST_GROUPS);
  const counts: { learnt: number; heldBack: number }[] = [];
  let complete = true;

  const kindsOf = (id: number, outcome: Outcome): number[] =>
    (kindsOfOutcome[id] ??= !isNeeded(outcome)
      ? []
      : [INGRESS, EGRESS].flatMap((direction) => {
          const ruleIds = outcome.before.groupRuleIds.filter((rule) => directions.get(rule) === direction);
          return ruleIds.length === 0 ? [] : [kinds.push({ ruleIds, direction }) - 1];
        }));

  for (const table of ["flow_rows", "flow_rows_wide"] as const) {
    for await (const chunk of stored.scan(table)) {
      const { outcome, outcomes } = compare(chunk);
      const { batch } = chunk;
      for (let row = 0; row < batch.rows; row++) {
        const one = outcomes[outcome[row]];
        for (const kind of kindsOf(outcome[row], one)) {
          const direction = one.judgement.direction === "egress" ? EGRESS : INGRESS;
          // A rule of this direction admits it by this port, whoever opened the connection.
          const group = peers.groupOf(batch, row, kind, direction, kinds[kind].direction === EGRESS);
          if (group < 0) {
            complete = false;
            continue;
          }
          const count = (counts[group] ??= { learnt: 0, heldBack: 0 });
          if (batch.start[row] < split) count.learnt++;
          else count.heldBack++;
        }
      }
    }
  }
  const groups = await peers.groups(stored, [...directions.keys()], (kind) => kinds[kind].direction);
  const flows = new Map<string, RequiredFlow>();
  for (const { number, kind, peer, protocol, port, trafficClass } of groups) {
    if (peer === null) continue;
    const { ruleIds } = kinds[kind];
    const flow = { peer: hostPrefix(peer), protocol, port, ruleIds, trafficClass, ...counts[number] };
    // The same service at several interfaces, by rules and class.
    const text = `${ruleIds.join(",")}|${trafficClass}|${serviceKey(flow)}`;
    const { learnt, heldBack } = flows.get(text) ?? { learnt: 0, heldBack: 0 };
    flows.set(text, { ...flow, learnt: learnt + flow.learnt, heldBack: heldBack + flow.heldBack });
  }
  return { flows: [...flows.values()], complete };
}

/** Accepted, and without the rules no longer certainly allowed, if the likelier end opened it. */
function isNeeded({ effect, before, after, judgement }: Outcome): boolean {
  if (isBreaking(effect)) return true;
  return judgement.action === "ACCEPT" && before.verdict === "allow" && after.verdict !== "allow";
}

/** Connections of a peer with a service that only the given rules admitted, including pruned ones. */
export interface AdmittedService extends ObservedService {
  /** Those of the given rules that did, ascending. */
  readonly ruleIds: readonly string[];
  readonly trafficClass: TrafficClass;
  readonly connections: number;
  /** Unix seconds. */
  readonly first: number;
}

// Port 0 stands for replies of untracked flows. Without the open rule the flow is tracked, and its replies need no rule.
const ADMITTED = /* sql */ `
  with sets as (
    select rule_set_id, list_sort(list(rule_id)) as rule_ids
    from rule_sets
    group by all
    having bool_and(list_contains($rules, rule_id))
  )
  select s.rule_ids, address_text(t.peer, t.peer6), t.protocol, t.port, t.traffic_class, sum(t.connections)::ubigint, min(t.first_s)
  from classified_traffic t
  join sets s using (rule_set_id)
  where not (t.protocol in (6, 17) and t.port = 0)
  group by all`;

/** What these rules admitted and no other rule did. */
export async function admittedServices(stored: StoredRecords, ruleIds: readonly string[]): Promise<AdmittedService[]> {
  const { rows } = await stored.evidence.run(ADMITTED, { rules: ruleIds });
  return rows.flatMap(([ids, peer, protocol, port, trafficClass, connections, first]) => {
    const address = parseAddress(String(peer));
    if (address === null) return [];
    return {
      ruleIds: ids as readonly string[],
      peer: hostPrefix(address),
      protocol: Number(protocol),
      port: Number(port),
      trafficClass: trafficClass as TrafficClass,
      connections: Number(connections),
      first: Number(first),
    };
  });
}

const TOGETHER = /* sql */ `
  select distinct other.rule_id
  from rule_sets own
  join rule_sets other using (rule_set_id)
  where own.rule_id = $rule and other.rule_id <> own.rule_id
    and rule_set_id in (select rule_set_id from rule_traffic)
  order by all`;

/** Rules that admitted connections together with this one. */
export async function companionsOf(stored: StoredRecords, ruleId: string): Promise<string[]> {
  const { rows } = await stored.evidence.run(TOGETHER, { rule: ruleId });
  return rows.map(([id]) => String(id));
}

/** Times of the first and the last stored record, Unix seconds; null without records. */
export async function recordWindow(
  stored: StoredRecords,
): Promise<{ readonly first: number; readonly last: number } | null> {
  const { rows } = await stored.evidence.run("select min(start_s), max(start_s + duration) from flow_facts");
  const [first, last] = rows[0] ?? [];
  return first === null || first === undefined ? null : { first: Number(first), last: Number(last) };
}

/** A peer and a service (protocol and destination port) that a rule admitted. */
export interface ObservedService {
  /** One address. */
  readonly peer: Prefix;
  readonly protocol: number;
  /** 0 for protocols without ports. */
  readonly port: number;
}

/** What a rule matches. */
export type RuleMatch = Pick<SecurityGroupRule, "protocol" | "ports" | "icmp" | "peer">;

/** Whether protocol and port of a service match a rule. The ICMP type is unknown and is taken to match. */
export function matchesService({ protocol, ports }: RuleMatch, use: ObservedService): boolean {
  if (protocol === -1) return true;
  if (protocol !== use.protocol) return false;
  return ports === null || !hasPorts(protocol) || (use.port >= ports.from && use.port <= ports.to);
}

/** Whether a rule admits a service; `membersOf` resolves a peer to its blocks. */
export function admitsService(
  match: RuleMatch,
  use: ObservedService,
  membersOf: (peer: RuleMatch["peer"]) => readonly Prefix[],
): boolean {
  return matchesService(match, use) && membersOf(match.peer).some((block) => holdsAddress(block, use.peer));
}

export function serviceKey({ peer, protocol, port }: ObservedService): string {
  return `${formatPrefix(peer)}|${protocol}|${port}`;
}
