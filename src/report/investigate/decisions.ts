import type { EvidenceQuery } from "../../store/evidence-query.ts";
import { isoTime } from "../../text.ts";
import { type ItemColumns, queryRows, resultOf, type Row, ruleText } from "../rows.ts";
import { type InvestigationSection, tableSection } from "./sections.ts";

const ANSWERS = /* sql */ `
with sums as (
  select judgement_id, sum(records)::ubigint as records, sum(bytes)::ubigint as bytes, min(first_s) as first, max(last_s) as last
  from seen
  where own = $own
  group by all
)
select j.action, j.agreement, j.decided_by, j.cause, j.nacl_rule_id, j.sg_rule_ids, s.records, s.bytes, s.first, s.last
from sums s join judgements j using (judgement_id)
where j.action is not null
order by s.judgement_id`;

const RULES = /* sql */ `
select rule_id, layer, owner_id, owner_name, direction, action, protocol, from_port, to_port, peer
from rules where rule_id in (select unnest($rules::varchar[]))`;

interface Decision {
  readonly action: string;
  /** Null without a deciding rule: no rule admits it, or log and model disagree. */
  readonly ruleId: string | null;
  readonly why: string;
  readonly layer: string | null;
  readonly agreement: string;
  readonly cause: string | null;
  records: number;
  bytes: number;
  first: number;
  last: number;
}

/** Records by deciding rule: every rule that admits a record, and the network ACL entry that denies it. */
export async function decisionSection(
  evidence: EvidenceQuery,
  own: boolean,
  limit: number,
): Promise<InvestigationSection> {
  const decisions = new Map<string, Decision>();
  for (const answer of await queryRows(evidence, ANSWERS, { own })) {
    for (const { ruleId, why } of deciding(answer)) add(decisions, answer, ruleId, why);
  }
  const ids = [...new Set([...decisions.values()].flatMap(({ ruleId }) => ruleId ?? []))];
  const rules = new Map(
    (await queryRows(evidence, RULES, { rules: ids })).map((rule) => [String(rule.rule_id), describe(rule)]),
  );
  const sorted = [...decisions.values()].sort(
    (a, b) =>
      order(a) - order(b) || b.records - a.records || (String(a.ruleId ?? a.why) < String(b.ruleId ?? b.why) ? -1 : 1),
  );
  return tableSection(resultOf(columnsWith(rules), sorted.slice(0, limit)), {
    id: "decisions",
    title: "Deciding rules",
    lead: "a record counts for every rule that decided it",
    total: sorted.length,
    empty: "no record was accepted or rejected",
    brief: ["action", "rule_id", "what", "records", "last_seen"],
  });
}

/** `rules` has the texts of the rules. */
const columnsWith = (rules: ReadonlyMap<string, string>): ItemColumns<Decision> => [
  ["action", "VARCHAR", (one) => one.action],
  ["rule_id", "VARCHAR", (one) => one.ruleId],
  ["what", "VARCHAR", (one) => (one.ruleId === null ? reasonOf(one) : (rules.get(one.ruleId) ?? one.why))],
  ["records", "UBIGINT", (one) => one.records],
  ["bytes", "UBIGINT", (one) => one.bytes],
  ["first_seen", "TIMESTAMP", (one) => isoTime(one.first)],
  ["last_seen", "TIMESTAMP", (one) => isoTime(one.last)],
  ["layer", "VARCHAR", (one) => one.layer],
  ["agreement", "VARCHAR", (one) => one.agreement],
  ["cause", "VARCHAR", (one) => one.cause],
];

function reasonOf({ why, layer }: Decision): string {
  return layer === null ? why : `${why}, ${layer}`;
}

/** Mismatches first, then what was rejected. */
function order({ agreement, action }: Decision): number {
  return agreement.startsWith("unexpected") ? 0 : action === "REJECT" ? 1 : 2;
}

/** The rules behind an answer; without rules, the reason. */
function deciding(answer: Row): { readonly ruleId: string | null; readonly why: string }[] {
  const { agreement, cause } = answer;
  const because = typeof cause === "string" ? ` (${cause})` : "";
  if (agreement === "unexpected_reject") return none(`rejected although the model allows it${because}`);
  if (agreement === "unexpected_accept") return none(`accepted although the model denies it${because}`);
  if (agreement === "unmodelled") return none("the interface is in no snapshot of the model");
  if (agreement !== "agree") return none(`undecided${because}`);
  const entry = typeof answer.nacl_rule_id === "string" ? [answer.nacl_rule_id] : [];
  if (answer.action === "REJECT") {
    const byAcl = answer.decided_by === "nacl_in" || answer.decided_by === "nacl_out";
    if (byAcl && entry.length > 0) return entry.map((ruleId) => ({ ruleId, why: "" }));
    return none(byAcl ? `a network ACL denies it${because}` : `no rule of its groups admits it${because}`);
  }
  const admitting = Array.isArray(answer.sg_rule_ids) ? answer.sg_rule_ids.map(String) : [];
  const rules = [...admitting, ...entry].map((ruleId) => ({ ruleId, why: "" }));
  return rules.length > 0 ? rules : none(`no layer applies, or the connection is tracked${because}`);
}

function none(why: string): { readonly ruleId: null; readonly why: string }[] {
  return [{ ruleId: null, why }];
}

function add(decisions: Map<string, Decision>, answer: Row, ruleId: string | null, why: string): void {
  const [action, agreement] = [String(answer.action), String(answer.agreement)];
  const layer = ruleId === null ? (answer.decided_by as string | null) : ruleId.startsWith("acl-") ? "nacl" : "sg";
  const key = [action, ruleId ?? why, layer, agreement].join(" ");
  const [records, bytes] = [Number(answer.records), Number(answer.bytes)];
  const [first, last] = [Number(answer.first), Number(answer.last)];
  const known = decisions.get(key);
  if (known === undefined) {
    const cause = ruleId === null ? (answer.cause as string | null) : null;
    decisions.set(key, { action, ruleId, why, layer, agreement, cause, records, bytes, first, last });
    return;
  }
  known.records += records;
  known.bytes += bytes;
  known.first = Math.min(known.first, first);
  known.last = Math.max(known.last, last);
}

/** The rule in words, with the name of its group or network ACL. */
function describe(rule: Row): string {
  const owner = String(rule.owner_name ?? "") === "" ? String(rule.owner_id) : String(rule.owner_name);
  // The default denies of both address families share one id.
  if (rule.layer === "nacl" && String(rule.rule_id).endsWith("/*")) return `${owner}: default deny`;
  return `${owner}: ${ruleText(rule)}`;
}
