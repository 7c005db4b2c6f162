import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { createSchema } from "../../src/store/create-file.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withFolder } from "./folder.ts";

/** Short forms for the inserts of a test: `ip('10.0.0.1')`, `sec('2026-11-01 09:00')`. They live in the session only. */
const SHORTHAND = /* sql */ `
create temp macro ip(a) as (
  split_part(a, '.', 1)::uinteger * 16777216 + split_part(a, '.', 2)::uinteger * 65536
  + split_part(a, '.', 3)::uinteger * 256 + split_part(a, '.', 4)::uinteger)::uinteger;
create temp macro sec(t) as epoch(t::timestamp)::uinteger;
create temp macro hour_of(t) as (epoch(t::timestamp) // 3600)::uinteger;
create temp macro day_of(t) as (epoch(t::timestamp) // 86400)::uinteger;
`;

const QUERIES = fileURLToPath(new URL("../cases/queries/", import.meta.url));
const INCLUDE = /^-- include ([\w-]+\.sql)$/gm;

/** The small world of test/cases/queries, then `inserts`. A line `-- include scans.sql` stands for that file beside the world. */
export function inWorld(inserts: string): string {
  const shared = (name: string): string => readFileSync(join(QUERIES, name), "utf8");
  return shared("world.sql") + inserts.replaceAll(INCLUDE, (_, name: string) => shared(name));
}

/** An evidence file as the writer would leave it: the real tables and views, filled by plain SQL. */
export async function createEvidence(path: string, inserts: string): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    await createSchema(connection);
    await connection.run(SHORTHAND);
    if (inserts.trim() === "") return;
    // Rows go into tables of the views' columns, and from there into the fields that the views read.
    const views = { flow_rows: "plain_records", rule_traffic: "traffic_sums" };
    for (const view of Object.keys(views)) await connection.run(`create temp table ${view} as from main.${view}`);
    await connection.run(inserts);
    for (const [view, table] of Object.entries(views)) {
      await connection.run(`insert into ${table} select v from temp.${view} v`);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export async function withEvidence<T>(inserts: string, use: (path: string) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const path = join(folder, "evidence.duckdb");
    await createEvidence(path, inserts);
    return use(path);
  });
}

/** Sums over all that must not depend on where the records were read, and in how many runs: equal for equal evidence. */
export async function evidenceSums(db: string): Promise<Record<string, unknown>> {
  const evidence = await openEvidence(db);
  const sum = async (rows: string): Promise<unknown> => {
    const sql = `select concat(count(*), ' rows, ', sum(hash(r)::hugeint)) from (select ${rows}) r`;
    return (await evidence.run(sql)).rows[0][0];
  };
  try {
    return {
      flows: await sum("* from flows"),
      usage: await sum("* from rule_usage"),
      daily: await sum("rule_id, day, connections, packets, bytes from rule_usage_daily"),
      coverage: await sum("* from coverage"),
      sources: await sum("* exclude (object_id, run_id, ingested_at) from sources"),
      badLines: await sum("* from bad_lines"),
    };
  } finally {
    evidence.close();
  }
}
