import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { EMPTY_FILE, makeEmpty, openForWriting } from "../../src/store/create-file.ts";
import { withFolder } from "../helpers/evidence.ts";

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

test("the empty file of the build is what the sources make", async () => {
  expect(existsSync(BUILT), "npm run build makes it").toBe(true);
  await withFolder(async (folder) => {
    const made = join(folder, "made.duckdb");
    await makeEmpty(made, made);
    const content = await contentOf(made);
    expect(await contentOf(BUILT)).toEqual(content);
    expect(content).toMatchObject({ tables: expect.arrayContaining([expect.objectContaining({})]) });
  });
});

test("without one a file is made on the spot", async () => {
  // The sources have none beside them.
  expect(existsSync(EMPTY_FILE)).toBe(false);
  await withFolder(async (folder) => {
    const path = join(folder, "new.duckdb");
    (await openForWriting(path)).close();
    expect(await contentOf(path)).toEqual(await contentOf(BUILT));
  });
});
