import { withoutCopies } from "../source/plan.ts";
import type { SourceEvents, SourceObject } from "../source/source.ts";
import type { LedgerEntry, StoredState } from "../store/stored-state.ts";

/** What an evidence file knows of objects. */
export type KnownObjects = Pick<StoredState, "ledger" | "objects">;

/** What a file knows that is yet to be made. */
export const NOTHING_KNOWN: KnownObjects = { ledger: new Map(), objects: [] };

/** The planned objects that are still to be read. */
export function unreadObjects(
  planned: readonly SourceObject[],
  { ledger, objects }: KnownObjects,
  events: SourceEvents,
): SourceObject[] {
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
