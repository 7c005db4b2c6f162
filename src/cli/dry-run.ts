import { existsSync } from "node:fs";
import { hasCode } from "../errors.ts";
import { visible } from "../report/renderers/renderer.ts";
import { planSources, withoutCopies } from "../source/plan.ts";
import type { SourcePlan } from "../source/source.ts";
import { openEvidence } from "../store/evidence-query.ts";
import { count, isoTime, plural } from "../text.ts";
import type { ReplayCommandOptions } from "./commands/replay.ts";
import { EXIT } from "./failure.ts";

/** `--dry-run`: lists the objects that a replay would read. It reads no records and makes no evidence file. */
export async function printPlan(
  sources: readonly string[],
  options: Pick<ReplayCommandOptions, "db" | "from" | "to" | "fields" | "region" | "profile">,
  note: (text: string) => void,
): Promise<void> {
  const events = { note, retry: () => undefined };
  const known = existsSync(options.db) ? await ingestedObjects(options.db, note) : [];
  const names = new Set(known.map(({ name }) => name));
  const plan = await planSources(sources, {
    db: options.db,
    from: options.from,
    to: options.to,
    fields: options.fields,
    ingested: async (prefix) => [...names].filter((name) => name.startsWith(prefix)),
    aws: { region: options.region, profile: options.profile },
    events,
  });
  const fresh = plan.objects.filter(({ name, etag }) => etag === null || !names.has(name));
  const objects = withoutCopies(fresh, known, events);
  process.stdout.write(
    describePlan({
      ...plan,
      objects,
      ingested: plan.ingested + plan.objects.length - objects.length,
      bytes: objects.reduce((sum, { size }) => sum + (size ?? 0), 0),
    }),
  );
  if (plan.objects.length === 0) process.exitCode = EXIT.nothingToJudge;
}

/** The objects in the ledger; empty, with a note, while another process uses the file. */
async function ingestedObjects(
  db: string,
  note: (text: string) => void,
): Promise<{ name: string; etag: string | null }[]> {
  const evidence = await openEvidence(db).catch((error: unknown) => {
    if (!hasCode(error, "E_IN_USE")) throw error;
    note(`${error.message}: objects that it already holds are listed too`);
  });
  if (evidence === undefined) return [];
  try {
    const { rows } = await evidence.run("select source_object, etag from sources order by object_id");
    return rows.map(([name, etag]) => ({ name: String(name), etag: etag === null ? null : String(etag) }));
  } finally {
    evidence.close();
  }
}

/** The plan as text: objects in order with their sizes, then the totals and what was left out. @internal */
export function describePlan(plan: SourcePlan): string {
  const time = (seconds: number | null): string => isoTime(seconds) ?? "open";
  const lines = plan.objects.map((object) => `${size(object.size).padStart(9)}  ${visible(object.name)}`);
  const { from, to } = plan.window;
  const window = from === null && to === null ? "" : `, object times ${time(from)} to ${time(to)}`;
  const ingested = plan.ingested > 0 ? `; ${count(plan.ingested)} already ingested` : "";
  const total = `${plural(plan.objects.length, "object")}, ${size(plan.bytes)}; ${count(plan.pruned)} left out${ingested}${window}`;
  return `${[...lines, total].join("\n")}\n`;
}

function size(bytes: number | null): string {
  if (bytes === null) return "?";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
