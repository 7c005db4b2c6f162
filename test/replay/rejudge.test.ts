import { copyFileSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { evidenceSums } from "../helpers/evidence.ts";
import { temporaryFolder, withFolder } from "../helpers/folder.ts";
import { sample } from "../helpers/samples.ts";

function logsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(gz|log)$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

function run(...args: string[]): string {
  const { code, stderr } = flowreplay(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  return stderr;
}

describe.each([
  ["nacl-ephemeral", "v2", "config"],
  ["production-vpc", "v5", "config"],
  ["established", "v2", "history"],
])("%s in %s", (name, format, model) => {
  const folder = temporaryFolder();
  const config = sample(`${name}/${model}`);
  const logs = logsOf(sample(`${name}/${format}`));

  test("file by file in any order and judged again: the evidence of one replay", async () => {
    const whole = join(folder, "whole.duckdb");
    run("replay", ...logs, "--model", config, "--db", whole);
    const expected = await evidenceSums(whole);
    const anyOrder = fc.shuffledSubarray(logs, { minLength: logs.length });
    const property = fc.asyncProperty(anyOrder, async (order) => {
      await withFolder(async (temporary) => {
        const db = join(temporary, "pieces.duckdb");
        for (const log of order) run("replay", log, "--model", config, "--db", db);
        run("rejudge", "--db", db);
        expect(await evidenceSums(db)).toEqual(expected);
        expect(readdirSync(temporary)).toEqual(["pieces.duckdb"]);
        // The logs are known.
        expect(run("replay", ...logs, "--model", config, "--db", db)).not.toContain("came late");
        expect(await evidenceSums(db)).toEqual(expected);
      });
    });
    await fc.assert(property, { numRuns: 1 });
  });
});

describe("rejudge", () => {
  const folder = temporaryFolder();
  const [first, ...others] = logsOf(sample("nacl-ephemeral/v2"));
  const model = sample("nacl-ephemeral/config");

  test("tells how many records are judged otherwise, and keeps a link", async () => {
    const db = join(folder, "late.duckdb");
    for (const log of [first, ...others]) run("replay", log, "--model", model, "--db", db);
    const link = join(folder, "link.duckdb");
    symlinkSync(db, link);
    expect(run("rejudge", "--db", link)).toMatch(
      /^note: 8,019 records judged again, [1-9]\d* are judged otherwise, [1-9]\d* of them with another verdict$/m,
    );
    expect(run("rejudge", "--db", db)).toMatch(/^note: 8,019 records judged again, all as before$/m);
  });

  test("takes another model, and an evidence file as that model", async () => {
    const [blind, seen] = [join(folder, "blind.duckdb"), join(folder, "seen.duckdb")];
    run("replay", first, "--db", blind);
    run("replay", first, "--model", model, "--db", seen);
    const copy = join(folder, "copy.duckdb");
    copyFileSync(blind, copy);
    run("rejudge", "--db", blind, "--model", model);
    run("rejudge", "--db", copy, "--model", seen);
    expect(await evidenceSums(blind)).toEqual(await evidenceSums(seen));
    expect(await evidenceSums(copy)).toEqual(await evidenceSums(seen));
  });

  test("refuses a file whose counts would be lost, and leaves it as it is", () => {
    const sums = join(folder, "sums.duckdb");
    run("replay", first, "--model", model, "--db", sums, "--no-flows");
    const pruned = join(folder, "pruned.duckdb");
    run("replay", first, "--model", model, "--db", pruned);
    run("prune", "--older-than", "1d", "--db", pruned);
    for (const [db, reason] of [
      [sums, /1 object of .* stored as sums only \(--no-flows\): judging the rest again would lose these sums\nhint: /],
      [pruned, /[\d,]+ records of .* were pruned: judging the rest again would lose their counts\nhint: /],
    ] as const) {
      const before = readFileSync(db);
      const { code, stderr } = flowreplay(["rejudge", "--db", db]);
      expect(stderr).toMatch(reason);
      expect(code).toBe(2);
      expect(readFileSync(db).equals(before)).toBe(true);
    }
  });

  test("a model that cannot be read leaves the file as it was", async () => {
    const db = join(folder, "kept.duckdb");
    run("replay", first, "--model", model, "--db", db);
    const before = readFileSync(db);
    const { code, stderr } = flowreplay(["rejudge", "--db", db, "--model", join(folder, "absent")]);
    expect({ code, lines: stderr.trim().split("\n").length <= 2 }).toEqual({ code: 2, lines: true });
    expect(readFileSync(db).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
  });
});
