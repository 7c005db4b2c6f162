import { breadthScore, ruleVolume } from "../analysis/breadth.ts";
import type { SecurityGroupRule } from "../model/model.ts";
import { type StoredRecords, newestSnapshot } from "../store/stored-records.ts";
import { isReal, mayBreak } from "./change-groups.ts";
import { type Constraint, smallestHittingSet } from "./hitting-set.ts";
import { changesOf, proposeEdit } from "./what-if.ts";

/** Group rules that can be removed together without denying one observed accepted connection. */
export interface RemovableSet {
  readonly rules: readonly RemovableRule[];
  /** Number of group rules in the newest configuration. */
  readonly of: number;
  /** False if the search was cut short: a larger set may exist. */
  readonly exact: boolean;
  /** Records judged again to prove it. */
  readonly recordsProven: number;
}

export interface RemovableRule {
  readonly rule: SecurityGroupRule;
  readonly breadth: number;
  /** Connections that it admitted; rules that stay admit all of them too. */
  readonly connections: number;
  /** The rules that stay and admit them. */
  readonly coveredBy: readonly string[];
}

export interface RemovableOptions {
  /** Only real traffic counts: rules that only scanners used, or whose traffic nobody answered, may be removed too. */
  readonly realOnly: boolean;
}

interface AdmittedSet {
  readonly ruleIds: readonly string[];
  readonly certain: boolean;
  readonly connections: number;
  readonly real: number;
}

/** A wrong guess costs one more replay. Each adds what it broke to the constraints, so few are needed. */
const MOST_ROUNDS = 20;

/**
 * A largest set, proven by judging every stored record again without it. Every observed connection has a list of the rules
 * that admitted it, and one rule of each list must stay. Rules that a connection may have needed (ICMP types) all stay.
 */
export async function removableSet(stored: StoredRecords, { realOnly }: RemovableOptions): Promise<RemovableSet> {
  const snapshot = newestSnapshot(stored);
  const rules = [...(snapshot?.securityGroups.values() ?? [])].flatMap((group) => group.rules);
  if (!snapshot || rules.length === 0) return { rules: [], of: 0, exact: true, recordsProven: 0 };
  const numbers = new Map(rules.map((rule, at) => [rule.id, at]));
  const breadths = rules.map((rule) => breadthScore(ruleVolume(rule, snapshot)));
  // Of two equivalent rules the narrower one stays; a reference, which follows its members, rather than a block.
  const cost = (at: number): number => breadths[at] + (rules[at].peer.kind === "cidr" ? 0.5 : 0);
  const admitted = await admittedSets(stored);
  const constraints: Constraint[] = [];
  const need = (ruleIds: readonly string[], certain: boolean): void => {
    const known = ruleIds.flatMap((id) => numbers.get(id) ?? []);
    // Connections of rules that were removed meanwhile need no rule to stay.
    if (certain && known.length < ruleIds.length) return;
    if (certain) constraints.push(known);
    else for (const one of known) constraints.push([one]);
  };
  for (const set of admitted) if (!realOnly || set.real > 0) need(set.ruleIds, set.certain);

  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { keep, exact } = smallestHittingSet(
      constraints.filter(({ length }) => length > 0),
      cost,
    );
    const remove = rules.filter((_, at) => !keep.has(at));
    const { tally, groups } = await changesOf(stored, proposeEdit({ remove: remove.map(({ id }) => id), add: [] }));
    const broken = groups.filter((group) => mayBreak(group.effect) && (!realOnly || isReal(group)));
    if (broken.length === 0 && tally.ungrouped === 0) {
      const described = describe(remove, admitted, breadths, numbers);
      return { rules: described, of: rules.length, exact, recordsProven: tally.records };
    }
    // Accepted records that belong to no counted connection (unknown initiator, no tracked connection).
    for (const { effect, ruleIds } of broken) need(ruleIds, effect === "breaks");
    if (tally.ungrouped > 0) for (const { ruleIds } of admitted) need(ruleIds, false);
  }
  throw new Error("the removable set does not settle");
}

function describe(
  remove: readonly SecurityGroupRule[],
  admitted: readonly AdmittedSet[],
  breadths: readonly number[],
  numbers: ReadonlyMap<string, number>,
): RemovableRule[] {
  const gone = new Set(remove.map(({ id }) => id));
  return remove.map((rule) => {
    const own = admitted.filter(({ ruleIds }) => ruleIds.includes(rule.id));
    const stay = own.flatMap(({ ruleIds }) => ruleIds.filter((id) => !gone.has(id)));
    return {
      rule,
      breadth: breadths[numbers.get(rule.id)!],
      connections: own.reduce((sum, set) => sum + set.connections, 0),
      coveredBy: [...new Set(stay)].sort(),
    };
  });
}

/** Port 0 stands for replies of untracked flows. Without the open rule the flow is tracked, and its replies need no rule. */
const ADMITTED = `
  with traffic as (
    select
      rule_set_id,
      sum(connections)::ubigint as connections,
      coalesce(sum(connections) filter (traffic_class = 'real'), 0)::ubigint as real_connections
    from classified_traffic
    where not (protocol in (6, 17) and port = 0)
    group by all
  )
  select
    coalesce(list_sort(list(s.rule_id) filter (s.matches)), list_sort(list(s.rule_id))),
    bool_or(s.matches),
    case when bool_or(s.credited) then any_value(t.connections) else 0 end,
    any_value(t.real_connections)
  from traffic t
  join counted_members s using (rule_set_id)
  group by rule_set_id
  order by rule_set_id`;

async function admittedSets(stored: StoredRecords): Promise<AdmittedSet[]> {
  const { rows } = await stored.evidence.run(ADMITTED);
  return rows.map(([ruleIds, certain, connections, real]) => ({
    ruleIds: ruleIds as readonly string[],
    certain: certain === true,
    connections: Number(connections),
    real: Number(real),
  }));
}
