import { hostPrefix, parseAddress } from "../../net/parse.ts";
import type { History } from "../../store/history.ts";
import type { TrafficClass } from "../../store/traffic-classes.ts";
import type { Use } from "./use.ts";

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
export async function admittedUses(history: History, ruleIds: readonly string[]): Promise<AdmittedUse[]> {
  const { rows } = await history.reader.run(ADMITTED, { rules: ruleIds });
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
export async function companionsOf(history: History, ruleId: string): Promise<string[]> {
  const { rows } = await history.reader.run(TOGETHER, { rule: ruleId });
  return rows.map(([id]) => String(id));
}

/** From the first to the last record that is left, Unix seconds; null where there is none. */
export async function recordWindow(
  history: History,
): Promise<{ readonly first: number; readonly last: number } | null> {
  const { rows } = await history.reader.run("select min(start_s), max(start_s + duration) from flow_facts");
  const [first, last] = rows[0] ?? [];
  return first === null || first === undefined ? null : { first: Number(first), last: Number(last) };
}
