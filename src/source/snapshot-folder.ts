import { mkdir, mkdtemp, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";

/** `2026-11-01T00-00-00Z`: the name of a snapshot in a history, in every file system. */
export function snapshotName(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
}

/**
 * Writes a snapshot as `<out>/<time>/`, all of it or nothing: into a hidden folder first, which is renamed when it is
 * complete. Returns the path.
 * @throws AppError E_USAGE when it cannot be written.
 */
export async function writeSnapshot(out: string, time: Date, files: ReadonlyMap<string, unknown>): Promise<string> {
  const path = join(out, snapshotName(time));
  let created: string | undefined;
  let partial: string | undefined;
  try {
    created = await mkdir(out, { recursive: true });
    partial = await mkdtemp(join(out, ".snapshot-"));
    for (const [name, value] of files) {
      await mkdir(dirname(join(partial, name)), { recursive: true });
      await writeFile(join(partial, name), jsonOf(value));
    }
    await rename(partial, path);
    return path;
  } catch (error) {
    if (partial) await rm(partial, { recursive: true, force: true });
    if (created) await rmdir(out).catch(() => {});
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const why = code === "ENOTEMPTY" || code === "EEXIST" ? "it exists" : code;
    throw new AppError("E_USAGE", `cannot write the snapshot ${path}: ${why}`, { cause: error });
  }
}

/** As the AWS CLI prints it, but with sorted keys: two snapshots of one configuration are equal byte by byte. */
export function jsonOf(value: unknown): string {
  return `${JSON.stringify(ordered(value), null, 2)}\n`;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (value instanceof Date) return value.toISOString().replace(/(\.000)?Z$/, "+00:00");
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, ordered((value as Record<string, unknown>)[key])]));
}
