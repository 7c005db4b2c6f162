import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import * as z from "zod";
import { AppError } from "../../errors.ts";
import { openEvidence, type Plain, type EvidenceQuery } from "../../store/evidence-query.ts";
import type { Report } from "../catalogue.ts";
import type { GivenParameters } from "../parameters.ts";
import { addFinding, collectFindings, type Finding, type FindingKind, type FindingRow } from "./finding.ts";

/** What an earlier run found. */
export interface Baseline {
  /** Findings of one check by id. Throws `E_USAGE` if the earlier run did not check it. */
  findings(kind: FindingKind, report: Report | null, given: GivenParameters): Promise<Map<string, Finding>>;
  close(): void;
}

/**
 * Opens the findings of an earlier run: an evidence file, the SARIF of `report` or `lint`, or their JSON rows.
 * `wrap` pseudonymises its queries like those of the evidence that it is compared with.
 * @throws AppError E_USAGE if the file is none of these.
 */
export async function openBaseline(
  path: string,
  wrap: (evidence: EvidenceQuery) => EvidenceQuery = (one) => one,
): Promise<Baseline> {
  if (isEvidence(path)) {
    const evidence = wrap(await openEvidence(path));
    return {
      findings: (kind, report, given) => {
        if (report === null) throw notOurs(path, "an evidence file has no findings of lint");
        return collectFindings(evidence, report, kind, given);
      },
      close: () => evidence.close(),
    };
  }
  const known = readRows(path);
  return {
    async findings(kind) {
      if (known.checks !== null && !known.checks.has(kind.check)) {
        throw notOurs(path, `the earlier run did not check ${kind.check}`);
      }
      const found = new Map<string, Finding>();
      for (const { check, row } of known.rows) {
        if ((check ?? kind.check) === kind.check) addFinding(found, kind, row);
      }
      return found;
    },
    close: () => undefined,
  };
}

function notOurs(path: string, why: string): AppError {
  return new AppError("E_USAGE", `baseline ${path}: ${why}`, {
    hint: "give an evidence file, or what the same command wrote with --output sarif or json",
  });
}

interface KnownRows {
  /** Checks of the earlier run; null if the file does not say. */
  readonly checks: ReadonlySet<string> | null;
  readonly rows: readonly { readonly check: string | null; readonly row: FindingRow }[];
}

function readRows(path: string): KnownRows {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw notOurs(path, error instanceof SyntaxError ? "neither an evidence file nor JSON" : (error as Error).message);
  }
  if (Array.isArray(value)) {
    return {
      checks: null,
      rows: value.flatMap((row: unknown, at) => {
        if (!isRow(row) || !("finding_id" in row)) throw notOurs(path, `/${at}: not a row with a finding_id`);
        // A finding that was already gone cannot go again.
        const check = typeof row.report === "string" ? row.report : typeof row.check === "string" ? row.check : null;
        return row.baseline === "gone" ? [] : [{ check, row }];
      }),
    };
  }
  return readSarif(path, value);
}

/** The part of our own SARIF that is read; other properties are ignored. */
const sarif = z.looseObject({
  runs: z.array(
    z.looseObject({
      tool: z.looseObject({
        driver: z.looseObject({ name: z.literal("flowreplay"), rules: z.array(z.looseObject({ id: z.string() })) }),
      }),
      results: z.array(
        z.looseObject({
          ruleId: z.string(),
          baselineState: z.string().optional(),
          properties: z.looseObject({ row: z.record(z.string(), z.json()) }),
        }),
      ),
    }),
  ),
});

function readSarif(path: string, value: unknown): KnownRows {
  const parsed = sarif.safeParse(value);
  if (!parsed.success) {
    const [{ path: keys }] = parsed.error.issues;
    throw notOurs(path, `not findings of flowreplay: see /${keys.map(String).join("/")}`);
  }
  const { runs } = parsed.data;
  return {
    checks: new Set(runs.flatMap((run) => run.tool.driver.rules.map((rule) => rule.id))),
    rows: runs.flatMap(({ results }) =>
      results.flatMap(({ ruleId, baselineState, properties }) =>
        baselineState === "absent" ? [] : [{ check: ruleId, row: properties.row as FindingRow }],
      ),
    ),
  };
}

function isRow(value: unknown): value is Record<string, Plain> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** DuckDB files have `DUCK` after the checksum of their first block. */
function isEvidence(path: string): boolean {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(12);
      return readSync(file, bytes, 0, 12, 0) === 12 && bytes.toString("latin1", 8) === "DUCK";
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw notOurs(path, (error as Error).message);
  }
}
