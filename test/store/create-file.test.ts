import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { allowMemory, EMPTY_FILE, makeEmpty, openForWriting } from "../../src/store/create-file.ts";
import { appendTracker, replaceTracker } from "../../src/store/stored-state.ts";
import { withFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const BUILT = fileURLToPath(new URL("../../dist/store/empty.duckdb", import.meta.url));

/** Everything that stands in a file: tables, views, macros, and the version. */
async function contentOf(path: string): Promise<unknown> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  try {
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();
    return {
      tables: await rows("select table_name, sql, estimated_size from duckdb_tables() order by all"),
      views: await rows("select view_name, sql from duckdb_views() where not internal order by all"),
      macros: await rows(
        "select function_name, parameters, macro_definition from duckdb_functions() where not internal order by all",
      ),
      version: await rows("from schema_info"),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test("the empty file of the build equals one that the sources make", async () => {
  expect(existsSync(BUILT), "npm run build makes it").toBe(true);
  await withFolder(async (folder) => {
    const made = join(folder, "made.duckdb");
    await makeEmpty(made, made);
    const content = await contentOf(made);
    expect(await contentOf(BUILT)).toEqual(content);
    expect(content).toMatchObject({ tables: expect.arrayContaining([expect.objectContaining({})]) });
  });
});

test("without the empty file of the build a new file is made from the sources", async () => {
  // The sources have none beside them.
  expect(existsSync(EMPTY_FILE)).toBe(false);
  await withFolder(async (folder) => {
    const path = join(folder, "new.duckdb");
    (await openForWriting(path)).close();
    expect(await contentOf(path)).toEqual(await contentOf(BUILT));
  });
});

const RUN = "insert into runs (run_id, state) values (0, 'complete')";

test("a file that is given up is removed if this run made it, unless another run has used it since", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "evidence.duckdb");
    await (await openForWriting(path)).abandon();
    expect(existsSync(path)).toBe(false);

    const used = await openForWriting(path);
    await used.connection.run(RUN);
    await used.abandon();
    expect(existsSync(path)).toBe(true);

    await (await openForWriting(path)).abandon();
    expect(existsSync(path)).toBe(true);
  });
});

test("a model that cannot be read makes no evidence file, and leaves an existing one as it was", async () => {
  await withFolder(async (folder) => {
    const db = join(folder, "evidence.duckdb");
    const model = join(folder, "model.json");
    writeFileSync(model, '{"SecurityGroups":[{"GroupId":5}]}');
    const broken = (): Promise<string> => replayInto(folder, sample("two-records/flow.log"), model);
    await expect(broken()).rejects.toThrow("/SecurityGroups/0/GroupId: expected string, got 5");
    expect(existsSync(db)).toBe(false);

    expect(await replayInto(folder, sample("two-records/flow.log"), sample("two-records/config"))).toBe(db);
    const before = await contentOf(db);
    await expect(broken()).rejects.toThrow("/SecurityGroups/0/GroupId");
    expect(await contentOf(db)).toEqual(before);
  });
});

test("a connection tracker that is replaced again and again takes no more room in memory or in the file", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "evidence.duckdb");
    const { connection, close } = await openForWriting(path);
    const chunk = (seed: number): Uint8Array =>
      new Uint8Array(new Uint32Array(1 << 19).map((_, at) => at * seed).buffer);
    const used = "select sum(memory_usage_bytes)::integer as used from duckdb_memory()";
    const sizes: { used: number; file: number }[] = [];
    for (let commit = 1; commit <= 8; commit++) {
      await connection.run("begin");
      await replaceTracker(connection, { lookups: [], addresses: new Uint32Array(), now: commit });
      for (let at = 0; at < 4; at++) await appendTracker(connection, chunk(0x9e3779b1 * commit + 2 * at));
      await connection.run("commit");
      await allowMemory(connection, "appending");
      const [row] = (await connection.runAndReadAll(used)).getRows();
      sizes.push({ used: Number(row[0]), file: statSync(path).size });
    }
    close();
    const memory = 8 << 20;
    for (const { used, file } of sizes) {
      expect(used, JSON.stringify(sizes)).toBeLessThan(3 * memory);
      // The old one's blocks are free only once the new one is written; then they are used again.
      expect(file, JSON.stringify(sizes)).toBeLessThan(6 * memory);
    }
  });
}, 60_000);
