import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A file or folder of `samples/`. */
export function sample(path: string): string {
  return fileURLToPath(new URL(`../../samples/${path}`, import.meta.url));
}

/** Replays a source with a model into a new evidence file of `folder`; returns its path. */
export async function replayInto(folder: string, source: string, model: string): Promise<string> {
  // Loaded here: most tests want `sample` only, and this brings DuckDB.
  const { replay } = await import("../../src/replay.ts");
  const db = join(folder, "evidence.duckdb");
  const silent = { note: () => {}, progress: () => {} };
  const fixed = { keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };
  await replay({ sources: [source], model, db, ...fixed }, silent);
  return db;
}
