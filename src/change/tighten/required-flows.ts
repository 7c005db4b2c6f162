import { createKeys, INTERFACE, KIND, PORTS, REMOTE, writeKey } from "../../evaluate/conntrack/entry-layout.ts";
import { AddressPool } from "../../evaluate/dense/address-pool.ts";
import { WordMemo } from "../../evaluate/dense/word-memo.ts";
import { EGRESS, INGRESS } from "../../evaluate/lookup/policy-lookup.ts";
import type { SecurityGroupRule } from "../../model/model.ts";
import { formatPrefix, type Prefix, prefixContains } from "../../net/address.ts";
import { hostPrefix, parseAddress } from "../../net/parse.ts";
import { hasPorts } from "../../net/protocols.ts";
import type { StoredRecords } from "../../store/stored-records.ts";
import type { TrafficClass } from "../../store/traffic-classes.ts";
import { addressText, isBreaking, trafficClasses } from "../change-groups.ts";
import { createComparison, type Outcome } from "../compare-verdicts.ts";
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

interface FlowKind {
  readonly ruleIds: readonly string[];
  readonly direction: number;
}

/** `kind, interface, peer, family, protocol << 16 | port` */
const KEY_WORDS = 5;
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
  const comparison = createComparison(stored, proposeReplacements(new Map(rules.map(({ id }) => [id, []]))));
  const kinds: FlowKind[] = [];
  const kindsOfOutcome: number[][] = [];
  const addresses = new AddressPool();
  const memo = new WordMemo(KEY_WORDS);
  const keys: number[] = [];
  const counts: { learnt: number; heldBack: number }[] = [];
  let complete = true;

  const kindsOf = (id: number, outcome: Outcome): number[] =>
    (kindsOfOutcome[id] ??= !isNeeded(outcome)
      ? []
      : [INGRESS, EGRESS].flatMap((direction) => {
          const ruleIds = outcome.before.groupRuleIds.filter((rule) => directions.get(rule) === direction);
          return ruleIds.length === 0 ? [] : [kinds.push({ ruleIds, direction }) - 1];
        }));

  const key = createKeys(1);
  for (const table of ["flow_rows", "flow_rows_wide"] as const) {
    for await (const chunk of stored.scan(table)) {
      const { outcome, outcomes } = comparison.compare(chunk);
      const { batch } = chunk;
      for (let row = 0; row < batch.rows; row++) {
        const one = outcomes[outcome[row]];
        for (const kind of kindsOf(outcome[row], one)) {
          writeKey(batch, row, one.judgement.direction === "egress" ? EGRESS : INGRESS, addresses, key, 0);
          const protocol = key[KIND] & 0xff;
          // A rule of this direction admits it by this port, whoever opened the connection.
          const port = kinds[kind].direction === EGRESS ? key[PORTS] & 0xffff : key[PORTS] >>> 16;
          memo.key[0] = kind;
          memo.key[1] = key[INTERFACE];
          memo.key[2] = key[REMOTE];
          memo.key[3] = key[KIND] >>> 8;
          memo.key[4] = (protocol << 16) | (hasPorts(protocol) ? port : 0);
          let group = memo.find();
          if (group < 0) {
            if (counts.length >= MOST_GROUPS) {
              complete = false;
              continue;
            }
            group = counts.length;
            memo.add(group);
            keys.push(...memo.key);
            counts.push({ learnt: 0, heldBack: 0 });
          }
          if (batch.start[row] < split) counts[group].learnt++;
          else counts[group].heldBack++;
        }
      }
    }
  }
  const classOf = await trafficClasses(stored, [...directions.keys()], addresses);
  const flows = new Map<string, RequiredFlow>();
  counts.forEach(({ learnt, heldBack }, at) => {
    const [kind, eni, peer, family, service] = keys.slice(at * KEY_WORDS, at * KEY_WORDS + KEY_WORDS);
    const { ruleIds, direction } = kinds[kind];
    const use = serviceOf(addresses, family, peer, service);
    if (use === null) return;
    const trafficClass = classOf(eni, direction, family, service, peer);
    merge(flows, { ...use, ruleIds, trafficClass, learnt, heldBack });
  });
  return { flows: [...flows.values()], complete };
}

/** Accepted, and no longer certainly allowed without the rules. */
function isNeeded({ effect, before, after, judgement }: Outcome): boolean {
  if (isBreaking(effect)) return true;
  return judgement.action === "ACCEPT" && before.verdict === "allow" && after.verdict === "undecided";
}

function serviceOf(pool: AddressPool, family: number, peer: number, service: number): ObservedService | null {
  const address = parseAddress(addressText(pool, family, peer));
  if (address === null) return null;
  return { peer: hostPrefix(address), protocol: (service >>> 16) & 0xff, port: service & 0xffff };
}

/** Adds up the same service at several interfaces, by rules and class. */
function merge(flows: Map<string, RequiredFlow>, one: RequiredFlow): void {
  const text = `${one.ruleIds.join(",")}|${one.trafficClass}|${serviceKey(one)}`;
  const known = flows.get(text);
  flows.set(
    text,
    known ? { ...known, learnt: known.learnt + one.learnt, heldBack: known.heldBack + one.heldBack } : one,
  );
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
  return matchesService(match, use) && membersOf(match.peer).some((block) => holdsHost(block, use.peer));
}

/** Like `holdsPrefix` for single addresses, but faster: it is called for every service, rule and member. */
export function holdsHost(block: Prefix, host: Prefix): boolean {
  return block.family === host.family && prefixContains(block, host.words);
}

export function serviceKey({ peer, protocol, port }: ObservedService): string {
  return `${formatPrefix(peer)}|${protocol}|${port}`;
}
