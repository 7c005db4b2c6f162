import type { TightenOptions } from "../change/tighten/propose.ts";
import { AppError } from "../errors.ts";
import type { Result } from "../store/reader.ts";

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
  const { openHistory } = await import("../store/history.ts");
  const { tightenRules } = await import("../change/tighten/tighten.ts");
  const { tightenCandidates } = await import("../report/tighten-candidates.ts");
  const { tightenResult } = await import("../report/tighten-rows.ts");
  const history = await openHistory(db).catch((error: unknown) => {
    if (error instanceof AppError && error.code === "E_STORE") return null;
    throw error;
  });
  if (history === null) return null;
  try {
    const candidates = await tightenCandidates(history, { ruleIds: [], ...TIGHTEN_DEFAULTS });
    const found = await tightenRules(history, candidates.rules, TIGHTEN_DEFAULTS);
    return found && tightenResult(found.rules, candidates);
  } finally {
    history.close();
  }
}
