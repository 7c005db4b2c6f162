import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { ReplayOptions } from "../../src/replay.ts";
import type { Pace } from "../../src/replay/segments.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { episodes, partsOf } from "../evaluate/random/episodes.ts";
import { describeHistory, history } from "../evaluate/random/network.ts";
import { textOf } from "../evaluate/random/records.ts";
import { runs } from "../evaluate/random/runs.ts";
import { withFolder } from "../helpers/folder.ts";
import { sample } from "../helpers/samples.ts";

// Readers with threads of their own exist in the built program only.
const { replay } = (await import(
  new URL("../../dist/replay.js", import.meta.url).href
)) as typeof import("../../src/replay.ts");

const fixed = { keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };
const silent = { note: () => {}, progress: () => {} };

/**
 * A checksum of every record with its answer and of the use of every rule; rows may stand in any order. `place`: with the
 * object and line of each record.
 */
async function checksums(db: string, place = true): Promise<Record<string, unknown>> {
  const evidence = await openEvidence(db);
  try {
    const sum = async (rows: string): Promise<unknown> =>
      (await evidence.run(`select concat(count(*), ' rows, ', sum(hash(r)::hugeint)) as sum from (select ${rows}) r`))
        .rows[0][0];
    return {
      flows: await sum(place ? "* from flows" : "* exclude (source_object, line) from flows"),
      usage: await sum("* from rule_usage"),
      daily: await sum("rule_id, day, connections, packets, bytes from rule_usage_daily"),
    };
  } finally {
    evidence.close();
  }
}

async function replayed(db: string, options: Partial<ReplayOptions>, place = true): Promise<Record<string, unknown>> {
  await replay({ ...fixed, model: sample("production-vpc/config"), sources: [], ...options, db }, silent);
  return checksums(db, place);
}

const files: string[] = [];
beforeAll(() => {
  const folder = sample("production-vpc/v5");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    if (name.endsWith(".gz")) files.push(join(folder, name));
  }
  expect(files.length).toBeGreaterThan(2);
});

test("the same database with any order of the sources and any number of threads", async () => {
  await withFolder(async (folder) => {
    const expected = await replayed(join(folder, "whole.duckdb"), { sources: files });
    expect(expected.flows).toMatch(/^15855 rows/);
    const orders = [files.toReversed(), [...files.slice(2), files[1], files[0]]];
    for (const [at, [workers, sources]] of ([0, 1, 2, 4] as const)
      .map((count, index) => [count, orders[index % 2]] as const)
      .entries()) {
      const what = `${workers} workers`;
      expect({ what, ...(await replayed(join(folder, `${at}.duckdb`), { sources, workers })) }).toEqual({
        what,
        ...expected,
      });
    }
  });
});

test("the same database whenever it is committed", async () => {
  await withFolder(async (folder) => {
    const pace = (commitRows: number): { sources: string[]; pace: Pace } => ({
      sources: files,
      pace: { segmentRows: 4000, commitRows },
    });
    const expected = await replayed(join(folder, "once.duckdb"), pace(1_000_000));
    expect(await replayed(join(folder, "often.duckdb"), { ...pace(1), workers: 2 })).toEqual(expected);
  });
});

test("the same answers and use of rules however the records are cut into objects, compressed or not", async () => {
  await withFolder(async (folder) => {
    const expected = await replayed(join(folder, "whole.duckdb"), { sources: files }, false);
    const texts = files.map((file) => gunzipSync(readFileSync(file)).toString());
    const header = texts[0].slice(0, texts[0].indexOf("\n") + 1);
    const lines = texts.flatMap((text) => text.trimEnd().split("\n").slice(1));
    const put = (name: string, parts: readonly Buffer[]): string => {
      mkdirSync(join(folder, name));
      parts.forEach((part, at) =>
        writeFileSync(join(folder, name, `${String(at).padStart(3, "0")}_${basename(name)}.log`), part),
      );
      return join(folder, name);
    };
    const cut = (rows: number): Buffer[] =>
      Array.from({ length: Math.ceil(lines.length / rows) }, (_, at) =>
        Buffer.from(`${header}${lines.slice(at * rows, (at + 1) * rows).join("\n")}\n`),
      );
    const ways = {
      one: cut(lines.length),
      many: cut(331),
      "one-compressed-in-members": [Buffer.concat(cut(777).map((part) => gzipSync(part)))],
    };
    for (const [what, parts] of Object.entries(ways)) {
      const source = put(what, parts);
      const found = await replayed(join(folder, `${what}.duckdb`), { sources: [source] }, false);
      expect({ what, ...found }).toEqual({ what, ...expected });
    }
  });
});

const asked = runs(8);

test(`the same database wherever segments are cut, between connections (${asked.name})`, async () => {
  await withFolder(async (folder) => {
    let run = 0;
    const pace = fc.record({
      segmentRows: fc.integer({ min: 1, max: 30 }),
      commitRows: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(history, episodes, pace, async (configurations, traffic, some) => {
        const own = join(folder, String(run++));
        const [model, log] = [join(own, "model"), join(own, "log")];
        mkdirSync(log, { recursive: true });
        for (const { since, answers } of describeHistory(configurations)) {
          const time = new Date((since ?? 0) * 1000).toISOString().slice(0, 19).replaceAll(":", "-");
          const place = join(model, since === null ? "" : `${time}Z`);
          mkdirSync(place, { recursive: true });
          for (const [key, value] of Object.entries(answers)) {
            writeFileSync(join(place, `${key}.json`), JSON.stringify({ [key]: value }));
          }
        }
        partsOf(traffic).forEach((part, at) => writeFileSync(join(log, `part-${at}.log`), textOf(part)));
        const whole = await replayed(join(own, "whole.duckdb"), { sources: [log], model });
        expect(await replayed(join(own, "cut.duckdb"), { sources: [log], model, pace: some })).toEqual(whole);
      }),
      { ...asked.parameters, interruptAfterTimeLimit: 100_000, markInterruptAsFailure: false },
    );
  });
});

test.each([0, 2])(
  "a file that another replay makes at the same moment is left as it is (%i threads)",
  async (workers) => {
    await withFolder(async (folder) => {
      const [own, other] = [join(folder, "own.duckdb"), join(folder, "other.duckdb")];
      const expected = await replayed(other, { sources: files.slice(0, 1) });
      const running = replayed(own, { sources: files, workers });
      // That there is none was seen at once, and all of the objects are being read.
      copyFileSync(other, own);
      await expect(running).rejects.toMatchObject({
        code: "E_STORE",
        message: expect.stringContaining("at the same moment"),
      });
      expect(await checksums(own)).toEqual(expected);
    });
  },
);

test("what was read ahead for a model that cannot be read leaves no file behind", async () => {
  await withFolder(async (folder) => {
    const [db, model] = [join(folder, "own.duckdb"), join(folder, "model.json")];
    writeFileSync(model, '{"SecurityGroups": [{"GroupId": 7}]}');
    await expect(replayed(db, { sources: files, model, workers: 2 })).rejects.toMatchObject({ code: "E_MODEL" });
    expect(existsSync(db)).toBe(false);
  });
});
