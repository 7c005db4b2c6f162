import { closeSync, openSync, readSync, statSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { AppError } from "../errors.ts";
import type { StoredObject, StoredObjects } from "../store/stored-objects.ts";
import type { StoredObjectReader, StoredTotals } from "../store/stored-object-reader.ts";
import { fingerprint, unreadable } from "./file-list.ts";
import type { PlannedObjects, PlanOptions, ReadContext, RecordTarget, SourceKind, SourceObject } from "./source.ts";

/**
 * Evidence files: the records that an earlier replay stored, to be judged again. Their objects keep the names, etags and
 * times of the logs, so that a later replay of these logs finds them known.
 */
export const evidenceFiles: SourceKind = {
  name: "evidence",
  usage: "evidence file",
  recognises: isDuckDb,
  plan: planEvidence,
  opensLate: true,
  readRecords,
};

/** Where an object of an evidence file is. */
interface Locator {
  readonly path: string;
  /** The file must still be the one that was planned. */
  readonly fingerprint: string;
  readonly objectId: number;
}

/** Every DuckDB file has these bytes at position 8. */
const MAGIC = Buffer.from("DUCK");

function isDuckDb(argument: string): boolean {
  const head = Buffer.alloc(MAGIC.length);
  try {
    // Pipes must not be opened here: that would wait for the other end.
    if (!statSync(argument).isFile()) return false;
    const file = openSync(argument, "r");
    try {
      readSync(file, head, 0, head.length, 8);
    } finally {
      closeSync(file);
    }
  } catch {
    // No file of that name, or none that can be read: another kind takes the argument, or says what is wrong.
    return false;
  }
  return head.equals(MAGIC);
}

async function planEvidence(argument: string, { from, to, db, events }: PlanOptions): Promise<PlannedObjects> {
  const path = await realpath(argument);
  if (db !== undefined && path === (await realpath(db).catch(() => null))) {
    throw new AppError("E_USAGE", `${argument} is the evidence file that the replay writes`, {
      hint: "name a new file with --db",
    });
  }
  const own = fingerprint(await stat(path, { bigint: true }));
  const { listStoredObjects } = await import("../store/stored-objects.ts");
  const stored = await listStoredObjects(path);
  noteMissing(path, stored, events.note);
  const objects = stored.objects
    .filter((object) => object.time !== null || overlaps(object, from, to))
    .map(({ objectId, name, etag, size, time }): SourceObject => ({
      name,
      etag,
      size,
      time,
      kind: "evidence",
      locator: { path, fingerprint: own, objectId } satisfies Locator,
      // Standard input has one name and nothing that tells one reading from another.
      ...(etag === null ? { instance: JSON.stringify([path, objectId]) } : {}),
    }));
  return { objects };
}

/** The times of its records stand in for the time that its name lacks. */
function overlaps({ firstTime, lastTime }: StoredObject, from = -Infinity, to = Infinity): boolean {
  return firstTime === null || lastTime === null || (firstTime <= to && lastTime >= from);
}

function noteMissing(
  path: string,
  { objects, withoutRows, pruned }: StoredObjects,
  note: (text: string) => void,
): void {
  if (objects.length === 0) {
    const why = withoutRows > 0 ? "holds sums only, no records (--no-flows)" : "holds no records";
    throw new AppError("E_SOURCE", `${path} ${why}`, { hint: "replay the logs" });
  }
  const count = (value: number): string => value.toLocaleString("en-US");
  if (withoutRows > 0)
    note(`${path}: ${count(withoutRows)} objects were stored as sums only (--no-flows) and are left out`);
  if (pruned > 0) note(`${path}: ${count(pruned)} records were pruned and are not judged again`);
}

/** A file that a reader has open, from its first object to the end of its work. */
interface OpenFile {
  readonly reader: Promise<StoredObjectReader>;
  busy: boolean;
}

/** By the signal of the reader: opening a file for each of thousands of objects would take minutes. */
const openFiles = new WeakMap<AbortSignal, Map<string, OpenFile>>();

async function readRecords(object: SourceObject, target: RecordTarget, { signal }: ReadContext): Promise<StoredTotals> {
  const locator = object.locator as Locator;
  await assertUnchanged(locator);
  const file = await openFor(locator.path, target, signal);
  file.busy = true;
  try {
    return await (await file.reader).read(locator.objectId, target.sink);
  } finally {
    file.busy = false;
    if (signal.aborted) await close(file);
  }
}

async function openFor(path: string, target: RecordTarget, signal: AbortSignal): Promise<OpenFile> {
  const files = openFiles.get(signal) ?? new Map<string, OpenFile>();
  openFiles.set(signal, files);
  const known = files.get(path);
  if (known !== undefined) return known;
  const { openStoredObjects } = await import("../store/stored-object-reader.ts");
  const file: OpenFile = { reader: openStoredObjects(path, target), busy: true };
  files.set(path, file);
  signal.addEventListener("abort", () => {
    if (!file.busy) void close(file);
  });
  return file;
}

async function close({ reader }: OpenFile): Promise<void> {
  // Whoever reads reports that it could not be opened.
  (await reader.catch(() => null))?.close();
}

async function assertUnchanged({ path, fingerprint: planned }: Locator): Promise<void> {
  const stats = await stat(path, { bigint: true }).catch((error: unknown) => Promise.reject(unreadable(path, error)));
  if (fingerprint(stats) !== planned) {
    throw new AppError("E_SOURCE", `${path} changed while it was read`, { hint: "replay again when it is complete" });
  }
}
