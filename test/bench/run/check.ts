import { openEvidence, type EvidenceQuery } from "../../../src/store/evidence-query.ts";
import type { Truth } from "../generate/truth.ts";

/** A wrong answer: there is no rate then. */
export class WrongAnswer extends Error {}

/** Compares counts by name; throws WrongAnswer with the first few that differ. */
export function expectCounts(who: string, found: Counts, wanted: Counts): void {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
  const wrong = names.filter((name) => (found[name] ?? 0) !== (wanted[name] ?? 0));
  if (wrong.length === 0) return;
  const shown = wrong.slice(0, 5).map((name) => `${name} ${found[name] ?? 0}, not ${wanted[name] ?? 0}`);
  throw new WrongAnswer(
    `${who}: wrong answer: ${shown.join("; ")}${wrong.length > 5 ? ` and ${wrong.length - 5} more` : ""}`,
  );
}

export type Counts = Readonly<Record<string, number>>;

/** Whether an evidence file says what the generator knows: records by action, agreement, and how often each rule was used. */
export async function checkEvidence(db: string, truth: Truth): Promise<void> {
  const evidence = await openEvidence(db);
  try {
    const counts = (sql: string): Promise<Counts> => countsOf(evidence, sql);
    const byAction = `select coalesce(j.action, j.log_status), count(*) from flow_facts f join judgements j using (judgement_id) group by all`;
    const { accepted, rejected, nodata, objects } = truth;
    expectCounts("records", await counts(byAction), { ACCEPT: accepted, REJECT: rejected, NODATA: nodata });
    const byAgreement = `select j.agreement, sum(a.records)::bigint from activity a join judgements j using (judgement_id) group by all`;
    expectCounts("agreement", await counts(byAgreement), { agree: accepted + rejected, no_data: nodata });
    const ledger = `select 'objects', count(*) from sources union all select 'bad lines', sum(bad_lines)::bigint from sources`;
    expectCounts("ledger", await counts(ledger), { objects });
    // Default denies of IPv6 and IPv4 have one name.
    const usage = `select rule_id, connections from rule_usage where connections > 0`;
    expectCounts("rule usage", await counts(usage), withoutZeros({ ...truth.ruleConnections, ...truth.naclRecords }));
  } finally {
    evidence.close();
  }
}

function withoutZeros(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/**
 * A sum over the rows of `flows` and `rule_usage` that does not depend on their order, nor on the numbers that the run
 * gave to names: equal for equal evidence.
 */
export async function checksum(db: string): Promise<string> {
  const evidence = await openEvidence(db);
  try {
    const sums = ["flows", "rule_usage"].map(
      (view) => `select concat('${view} ', count(*), ' rows ', hex(sum(hash(v))::uhugeint)) as part from ${view} v`,
    );
    const { rows } = await evidence.run(sums.join(" union all "));
    return rows
      .map(([part]) => part)
      .sort()
      .join(", ");
  } finally {
    evidence.close();
  }
}

async function countsOf(evidence: EvidenceQuery, sql: string): Promise<Counts> {
  const { rows } = await evidence.run(sql);
  return Object.fromEntries(rows.map(([name, count]) => [String(name), Number(count)]));
}
