import { readFileSync } from "node:fs";
import * as z from "zod";
import { AppError } from "../../errors.ts";
import type { Finding } from "./finding.ts";

const words = z.string({ error: "expected text" }).trim().min(1, { error: "must not be empty" });
const id = words.regex(/^[^\s\p{C}]+$/u, { error: "expected an id (text without spaces or control characters)" });

const exemption = z
  .strictObject({
    finding: id.optional(),
    rule: id.optional(),
    resource: id.optional(),
    check: id.optional(),
    reason: words,
    owner: words,
    expires: z.iso.date({ error: "expected a date such as 2026-12-31" }),
  })
  .refine((one) => one.finding ?? one.rule ?? one.resource, { error: "names no finding, rule or resource" });

const file = z.strictObject({ exemptions: z.array(exemption) });

/** A finding that somebody reviewed and accepts until a day. It covers findings that match everything it names. */
export type Exemption = z.infer<typeof exemption> & { readonly number: number; readonly expired: boolean };

/** The exemptions, and which of them have covered a finding so far. */
export interface Exemptions {
  readonly all: readonly Exemption[];
  /** The exemption that covers a finding, or null. Expired ones that would have covered it are remembered for `notes`. */
  matching(finding: Finding): Exemption | null;
  /** Notes for reviewers: expired exemptions whose findings are back, and exemptions that cover nothing. */
  notes(checks: ReadonlySet<string>): string[];
}

/**
 * Reads a file of exemptions. `today` is a day in UTC, `YYYY-MM-DD`; an exemption ends with the day it names. `checks` are
 * the known checks: a misspelt one would silently cover nothing.
 * @throws AppError E_USAGE with file and JSON path if the file is invalid.
 */
export function readExemptions(path: string, today: string, checks: ReadonlySet<string>): Exemptions {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const reason = error instanceof SyntaxError ? `not valid JSON: ${error.message}` : (error as Error).message;
    throw new AppError("E_USAGE", `exemptions ${path}: ${reason}`, { cause: error });
  }
  const parsed = file.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError("E_USAGE", `exemptions ${path}: ${problem(issue)}`, {
      hint: '{"exemptions": [{"check": "unused-rules", "rule": "sgr-...", "reason": "...", "owner": "...", "expires": "2026-12-31"}]}',
    });
  }
  for (const [at, { check }] of parsed.data.exemptions.entries()) {
    if (check === undefined || checks.has(check)) continue;
    throw new AppError(
      "E_USAGE",
      `exemptions ${path}: /exemptions/${at}/check: there is no check ${JSON.stringify(check)}`,
      {
        hint: `the checks are ${[...checks].join(", ")}`,
      },
    );
  }
  return exemptionsOf(parsed.data.exemptions.map((one, at) => ({ ...one, number: at, expired: one.expires < today })));
}

function problem(issue: z.core.$ZodIssue): string {
  const pointer = issue.path.map((part) => `/${String(part)}`).join("");
  const where = pointer === "" ? "" : `${pointer}: `;
  if (issue.code === "unrecognized_keys") return `${where}unknown key ${issue.keys.join(", ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) return `${where}missing`;
  const shown =
    issue.input === undefined || typeof issue.input === "object"
      ? ""
      : `, not ${JSON.stringify(issue.input).slice(0, 60)}`;
  return `${where}${issue.message}${shown}`;
}

function exemptionsOf(all: readonly Exemption[]): Exemptions {
  const byName = new Map<string, Exemption[]>();
  for (const one of all) {
    // One name finds the candidates; `fits` checks the others.
    const name = one.finding ?? one.rule ?? one.resource ?? "";
    byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  const met = new Set<Exemption>();
  return {
    all,
    matching(finding) {
      const names = [finding.id, ...finding.ruleIds, ...finding.resourceIds];
      const fitting = [...new Set(names)].flatMap((name) => byName.get(name) ?? []).filter((one) => fits(one, finding));
      for (const one of fitting) met.add(one);
      return fitting.find((one) => !one.expired) ?? null;
    },
    notes: (checks) =>
      all.flatMap((one) => {
        const what = `exemption /exemptions/${one.number} (${[one.check, one.rule, one.resource, one.finding].filter(Boolean).join(" ")}, ${one.owner})`;
        if (met.has(one)) return one.expired ? [`${what} expired after ${one.expires}: its finding is back`] : [];
        return one.check !== undefined && checks.has(one.check) ? [`${what} covers no finding: it can be removed`] : [];
      }),
  };
}

/** A rule fits only if the finding is about that rule alone: an exemption of one rule does not cover a finding about several. */
function fits(one: Exemption, finding: Finding): boolean {
  return (
    (one.finding === undefined || one.finding === finding.id) &&
    (one.check === undefined || one.check === finding.check) &&
    (one.rule === undefined || (finding.ruleIds.length > 0 && finding.ruleIds.every((rule) => rule === one.rule))) &&
    (one.resource === undefined || finding.resourceIds.includes(one.resource))
  );
}
