import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));

/** What importing a module loads before anything runs: its own files by path below src/, and packages by name. */
function loadedBy(module: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    const name = relative(SOURCE, path);
    if (loaded.has(name)) return;
    loaded.add(name);
    expect(existsSync(path), path).toBe(true);
    for (const [, from] of readFileSync(path, "utf8").matchAll(
      /^(?:import|export) (?!type )[^;]*?from "([^"]+)";$/gm,
    )) {
      if (from.startsWith(".")) visit(resolve(dirname(path), from));
      else loaded.add(from);
    }
  };
  visit(resolve(SOURCE, module));
  return loaded;
}

const has = (loaded: Set<string>, part: string): string[] => [...loaded].filter((name) => name.includes(part));

test("the command line loads no command before it knows which", () => {
  const loaded = loadedBy("cli/main.ts");
  expect(loaded.has("commander")).toBe(true);
  expect(has(loaded, "commands/")).toEqual([]);
});

test("a replay loads DuckDB, the model's checks and the readers' decoders in their own threads, pages and SDKs not at all", () => {
  const main = loadedBy("cli/replay-run.ts");
  expect(main.has("replay.ts")).toBe(true);
  for (const part of ["store/duckdb.ts", "@duckdb", "zod", "@aws-sdk", "report/html", "hyparquet", "csv-parse"]) {
    expect(has(main, part), part).toEqual([]);
  }
  const reader = loadedBy("replay/reader-thread.ts");
  for (const part of ["@duckdb", "store/", "@aws-sdk", "zod", "hyparquet", "csv-parse", "report/"]) {
    expect(has(reader, part), part).toEqual([]);
  }
  const writer = loadedBy("replay/writer-thread.ts");
  expect([writer.has("store/duckdb.ts"), writer.has("model/load.ts")]).toEqual([true, true]);
  for (const part of ["@aws-sdk", "report/", "source/"]) {
    expect(has(writer, part), part).toEqual([]);
  }
});

test("a replay starts its threads before it loads what they will not wait for", () => {
  const first = loadedBy("cli/commands/replay.ts");
  expect(first.has("replay/threads.ts")).toBe(true);
  // The help text asks the table of sources, which loads no SDK.
  for (const part of ["zod", "decode/", "model/", "policy/", "evaluate/", "store/", "@aws-sdk"]) {
    expect(has(first, part), part).toEqual([]);
  }
});

test("a report loads no model, no page and nothing that changes rules", () => {
  const loaded = loadedBy("cli/commands/report.ts");
  expect(loaded.has("store/duckdb.ts")).toBe(true);
  for (const part of ["zod", "@aws-sdk", "report/html", "change/", "evaluate/", "model/load.ts"]) {
    expect(has(loaded, part), part).toEqual([]);
  }
});
