import type { TightenOptions } from "../change/tighten/propose.ts";
import { hasCode } from "../errors.ts";
import type { Report } from "../report/catalogue.ts";
import { UNKEPT } from "../report/summary-queries.ts";
import type { EvidenceQuery, Result } from "../store/evidence-query.ts";

const SQL = "select sum(records) as records, strftime(max(before), '%Y-%m-%d %H:%M') as before from prunes";

/** Says what a judgement of the stored records cannot know: those that were pruned. */
export async function notePruned(
  evidence: EvidenceQuery,
  consequence = "what only they needed can break unseen",
): Promise<void> {
  const [[records, before]] = (await evidence.run(SQL)).rows;
  if (records === null) return;
  process.stderr.write(
    `note: ${Number(records).toLocaleString("en-US")} records before ${String(before)} UTC were pruned and are not judged again: ` +
      `${consequence}\n`,
  );
}

/** Says which of the reports do not see records that were pruned, or that --no-flows never kept. */
export async function noteUnseen(evidence: EvidenceQuery, reports: readonly Report[]): Promise<void> {
  const blind = reports.filter((report) => report.readsRecords).map((report) => report.name);
  const unsure = reports.filter((report) => report.tellsScanners).map((report) => report.name);
  if (blind.length === 0 && unsure.length === 0) return;
  const [[records, before]] = (await evidence.run(SQL)).rows;
  const [[unkept]] = (await evidence.run(UNKEPT)).rows;
  const note = (count: unknown, what: string): void =>
    void process.stderr.write(`note: ${Number(count).toLocaleString("en-US")} records ${what}\n`);
  const unseen = `${blind.join(", ")} ${blind.length === 1 ? "does" : "do"} not see them`;
  if (records !== null && blind.length > 0) note(records, `before ${String(before)} UTC were pruned: ${unseen}`);
  if (Number(unkept) > 0) {
    const sums = "were kept as sums only (--no-flows)";
    if (blind.length > 0) note(unkept, `${sums}: ${unseen}`);
    if (unsure.length > 0) note(unkept, `${sums}: ${unsure.join(", ")} cannot tell by them who scans`);
  }
}

/** What a broad rule is, and how far `tighten` goes, where nothing else is asked for. */
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

/** What `tighten` says by itself, for the page of the audit; null where it has nothing to judge: no model, or no records. */
export async function tightenProposals(db: string): Promise<Result | null> {
  const { openStoredRecords } = await import("../store/stored-records.ts");
  const { tightenRules } = await import("../change/tighten/tighten.ts");
  const { tightenCandidates } = await import("../report/tighten-candidates.ts");
  const { tightenResult } = await import("../report/tighten.ts");
  const stored = await openStoredRecords(db).catch((error: unknown) => {
    if (hasCode(error, "E_STORE", "E_IN_USE")) return null;
    throw error;
  });
  if (stored === null) return null;
  try {
    const candidates = await tightenCandidates(stored, { ruleIds: [], ...TIGHTEN_DEFAULTS });
    const found = await tightenRules(stored, candidates.rules, TIGHTEN_DEFAULTS);
    return found && tightenResult(found.rules, candidates);
  } finally {
    stored.close();
  }
}
