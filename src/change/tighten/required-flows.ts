import { AddressPool } from "../../evaluate/dense/address-pool.ts";
import { createKeys, INTERFACE, KIND, PORTS, REMOTE, writeKey } from "../../evaluate/conntrack/entry-layout.ts";
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

/** A use that no rule but some of the given ones admits. */
export interface Demand extends Use {
  /** Those of them that do, one suffices; ascending. */
  readonly ruleIds: readonly string[];
  readonly trafficClass: TrafficClass | "unknown";
  /** Accepted records before the split and from it on. */
  readonly learnt: number;
  readonly heldBack: number;
}

interface Kind {
  readonly ruleIds: readonly string[];
  readonly direction: number;
}

/** `kind, interface, peer, family, protocol << 16 | port` */
const KEY_WORDS = 5;
const MOST_GROUPS = 4_000_000;

/**
 * What would be denied without the rules: every stored record is judged again without them. `split` in Unix seconds.
 * `complete` is false where the peers were too many to keep apart.
 */
export async function collectDemands(
  stored: StoredRecords,
  rules: readonly SecurityGroupRule[],
  split: number,
): Promise<{ readonly demands: readonly Demand[]; readonly complete: boolean }> {
  const directions = new Map(rules.map(({ id, direction }) => [id, direction === "egress" ? EGRESS : INGRESS]));
  const comparison = createComparison(stored, proposeReplacements(new Map(rules.map(({ id }) => [id, []]))));
  const kinds: Kind[] = [];
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
          // Whoever opened it: a rule of this direction admits it by this port.
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
  const demands = new Map<string, Demand>();
  counts.forEach(({ learnt, heldBack }, at) => {
    const [kind, eni, peer, family, service] = keys.slice(at * KEY_WORDS, at * KEY_WORDS + KEY_WORDS);
    const { ruleIds, direction } = kinds[kind];
    const use = useOf(addresses, family, peer, service);
    if (use === null) return;
    const trafficClass = classOf(eni, direction, family, service, peer);
    merge(demands, { ...use, ruleIds, trafficClass, learnt, heldBack });
  });
  return { demands: [...demands.values()], complete };
}

/** Accepted, and without the rules no longer certain to be. */
function isNeeded({ effect, before, after, judgement }: Outcome): boolean {
  if (isBreaking(effect)) return true;
  return judgement.action === "ACCEPT" && before.verdict === "allow" && after.verdict === "undecided";
}

function useOf(pool: AddressPool, family: number, peer: number, service: number): Use | null {
  const address = parseAddress(addressText(pool, family, peer));
  if (address === null) return null;
  return { peer: hostPrefix(address), protocol: (service >>> 16) & 0xff, port: service & 0xffff };
}

/** The same use at several interfaces, or through several lists of rules, is kept apart by rules and class only. */
function merge(demands: Map<string, Demand>, one: Demand): void {
  const text = `${one.ruleIds.join(",")}|${one.trafficClass}|${useKey(one)}`;
  const known = demands.get(text);
  demands.set(
    text,
    known ? { ...known, learnt: known.learnt + one.learnt, heldBack: known.heldBack + one.heldBack } : one,
  );
}

/** Connections of a peer with a service that the given rules alone admitted, pruned ones included. */
export interface AdmittedUse extends Use {
  /** Those of the given rules that did; ascending. */
  readonly ruleIds: readonly string[];
  readonly trafficClass: TrafficClass;
  readonly connections: number;
  /** Unix seconds. */
  readonly first: number;
}

// Rows for replies of untracked flows have no port; once the open rule is gone those flows are tracked and need none.
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

/** What these rules admitted and no other rule of the time did. */
export async function admittedUses(stored: StoredRecords, ruleIds: readonly string[]): Promise<AdmittedUse[]> {
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

/** From the first to the last record that is left, Unix seconds; null where there is none. */
export async function recordWindow(
  stored: StoredRecords,
): Promise<{ readonly first: number; readonly last: number } | null> {
  const { rows } = await stored.evidence.run("select min(start_s), max(start_s + duration) from flow_facts");
  const [first, last] = rows[0] ?? [];
  return first === null || first === undefined ? null : { first: Number(first), last: Number(last) };
}

/** What a rule is needed for: a peer and a service, as the rule meets them (the port is the destination's). */
export interface Use {
  /** One address. */
  readonly peer: Prefix;
  readonly protocol: number;
  /** 0 for protocols without ports. */
  readonly port: number;
}

/** What a rule lets pass; its peers may be named by a group or a prefix list. */
export type Match = Pick<SecurityGroupRule, "protocol" | "ports" | "icmp" | "peer">;

/** Whether a use is among the services of a rule, its peer aside. Of ICMP no type is known: it is taken to fit. */
export function servesUse({ protocol, ports }: Match, use: Use): boolean {
  if (protocol === -1) return true;
  if (protocol !== use.protocol) return false;
  return ports === null || !hasPorts(protocol) || (use.port >= ports.from && use.port <= ports.to);
}

/** Whether a rule admits a use; `membersOf` resolves a peer to its blocks. */
export function admitsUse(match: Match, use: Use, membersOf: (peer: Match["peer"]) => readonly Prefix[]): boolean {
  return servesUse(match, use) && membersOf(match.peer).some((block) => holdsHost(block, use.peer));
}

/** As `holdsPrefix`, for single addresses: this is asked for every use, rule and member. */
export function holdsHost(block: Prefix, host: Prefix): boolean {
  return block.family === host.family && prefixContains(block, host.words);
}

export function useKey({ peer, protocol, port }: Use): string {
  return `${formatPrefix(peer)}|${protocol}|${port}`;
}
