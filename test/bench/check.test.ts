import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";

import { replay } from "../../src/replay.ts";
import { withFolder } from "../helpers/folder.ts";
import { DEFAULTS, generate } from "./generate/generate.ts";
import type { Truth } from "./generate/truth.ts";
import { checkEvidence, checksum, WrongAnswer } from "./run/check.ts";

async function replayInto(db: string, folder: string, ...sources: string[]): Promise<void> {
  const options = {
    sources,
    db,
    model: join(folder, "config"),
    keepFlows: true,
    workers: 0,
    aws: {},
    toolVersion: "test",
  };
  await replay(options, { note() {}, progress() {} });
}

const generateInto = (out: string): Promise<Truth> =>
  generate({ ...DEFAULTS, records: 6000, objects: 4, interfaces: 60, out });

async function change(db: string, ...statements: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(db);
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

describe("the benchmark's check before it prints a rate", () => {
  it("accepts the evidence of a replay, and no other truth", () =>
    withFolder(async (folder) => {
      const truth = await generateInto(folder);
      const db = join(folder, "evidence.duckdb");
      await replayInto(db, folder, join(folder, "AWSLogs"));
      await checkEvidence(db, truth);
      const [rule] = Object.keys(truth.ruleConnections);
      const wrong: Partial<Truth>[] = [
        { accepted: truth.accepted + 1, rejected: truth.rejected - 1 },
        { objects: truth.objects + 1 },
        { ruleConnections: { ...truth.ruleConnections, [rule]: truth.ruleConnections[rule] + 1 } },
        { naclRecords: {} },
      ];
      for (const part of wrong) await expect(checkEvidence(db, { ...truth, ...part })).rejects.toThrow(WrongAnswer);
    }));

  it("sums up evidence whatever the order of its rows", () =>
    withFolder(async (folder) => {
      await generateInto(folder);
      const db = join(folder, "evidence.duckdb");
      await replayInto(db, folder, join(folder, "AWSLogs"));
      const before = await checksum(db);
      await change(
        db,
        "create temp table copy as from plain_records",
        "delete from plain_records",
        "insert into plain_records from copy order by record.line desc, record.object_id desc",
      );
      expect(await checksum(db)).toBe(before);
      await change(
        db,
        "update plain_records set record = struct_update(record, bytes := record.bytes + 1) where record.object_id = 1 and record.line = 7",
      );
      expect(await checksum(db)).not.toBe(before);
    }));
});
