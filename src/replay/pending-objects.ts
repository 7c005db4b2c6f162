import { planSources, withoutCopies } from "../source/plan.ts";
import type { AwsOptions, SourceEvents, SourceObject, SourcePlan } from "../source/source.ts";
import type { LedgerEntry, StoredState } from "../store/stored-state.ts";
import type { EvidenceSession } from "./evidence-session.ts";

/** What an evidence file knows of objects. */
type KnownObjects = Pick<StoredState, "ledger" | "objects">;

/** What a file knows that is yet to be made. */
export const NOTHING_KNOWN: KnownObjects = { ledger: new Map(), objects: [] };

interface PlanOptions {
  readonly sources: readonly string[];
  readonly objects?: readonly SourceObject[];
  readonly db: string;
  readonly from?: number;
  readonly to?: number;
  readonly fields?: readonly string[];
  readonly aws: AwsOptions;
}

/**
 * Plans, then begins to open the evidence file: a mistake in the sources makes none. If planning needs to know what was
 * ingested before, the file is opened first and stays open, so that no other replay comes in between.
 */
export async function planAndOpen(
  evidence: Pick<EvidenceSession, "open">,
  { sources, objects, db, from, to, fields, aws }: PlanOptions,
  events: SourceEvents,
): Promise<{ readonly plan: Pick<SourcePlan, "objects" | "ingested">; readonly opening: Promise<StoredState> }> {
  let opening: Promise<StoredState> | undefined;
  const open = (): Promise<StoredState> => {
    opening ??= evidence.open(db);
    // Whoever awaits it reports the failure; it must not count as unhandled until then.
    opening.catch(() => {});
    return opening;
  };
  const ingested = async (prefix: string): Promise<readonly string[]> =>
    [...(await open()).ledger.keys()].filter((name) => name.startsWith(prefix));
  const plan =
    objects === undefined
      ? await planSources(sources, { from, to, db, fields: fields?.join(" "), ingested, aws, events })
      : { objects, ingested: 0 };
  return { plan, opening: open() };
}

/** The planned objects that are still to be read. */
export function pendingObjects(
  planned: readonly SourceObject[],
  { ledger, objects }: KnownObjects,
  events: SourceEvents,
): readonly SourceObject[] {
  const unknown = planned.filter((object) => isNew(object, ledger.get(object.name), events));
  return withoutCopies(unknown, objects, events);
}

/** Whether an object is still to be read. One that changed since is named and left alone: its records are in already. */
function isNew(object: SourceObject, known: LedgerEntry | undefined, events: SourceEvents): boolean {
  // Standard input and pipes are new every time.
  if (known === undefined || object.etag === null) return true;
  if (known.etag !== object.etag) {
    events.note(
      `${object.name} has changed since it was ingested; its new content is not read (use a new --db to replay it)`,
    );
  }
  return false;
}
