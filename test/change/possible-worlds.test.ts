import { mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { proposeEdit } from "../../src/change/what-if.ts";
import { removableSet } from "../../src/change/removable.ts";
import { openStoredRecords, type StoredRecords } from "../../src/store/stored-records.ts";
import { writeCapture, modelOf } from "../helpers/firewall/capture.ts";
import { createChance } from "../helpers/firewall/chance.ts";
import { seeds } from "../helpers/firewall/seeds.ts";
import { TOPOLOGIES } from "../helpers/firewall/topologies/index.ts";
import type { RecordTruth, Truth } from "../helpers/firewall/truth.ts";
import { withFolder } from "../helpers/folder.ts";
import { replayInto } from "../helpers/samples.ts";
import { effectsOf } from "./effects-of.ts";
import { filesOfOthers } from "../helpers/skip.ts";

const PATIENCE = 600_000;

/** The rules that a firewall let each accepted record pass by, by object and line; records that nothing can tell are left out. */
function admittedBy({ records, config_alone_does_not_predict: unpredicted }: Truth, format: "v2" | "v5") {
  const excused = new Set(unpredicted.list.map(({ id }) => id));
  const known = records.filter((one) => one.action === "ACCEPT" && !excused.has(one.id) && one.blurred !== true);
  return new Map(known.map((one) => [one[format].join("|"), sets(one)]));
}

/** Each set must keep one rule, or the record does not pass. An error about a tracked flow needs none. */
function sets({ sg }: RecordTruth): readonly (readonly string[])[] {
  return sg.flatMap(({ state, rules }) => (["new", "established"].includes(state) ? [rules] : []));
}

/** Removes rules, one by one and some together: whatever a firewall would have stopped is told, as a break or as undecided. */
async function checkRemovals(stored: StoredRecords, truth: Truth, format: "v2" | "v5", seed: number): Promise<void> {
  const admitted = admittedBy(truth, format);
  const chance = createChance(seed);
  const rules = Object.keys(truth.security_group_rules);
  const used = [...new Set([...admitted.values()].flat(2))].sort();
  const some = (): string[] => rules.filter(() => chance.often(20));
  const draws = [...used.slice(0, 12).map((id) => [id]), some(), some(), some()];
  let flips = 0;
  for (const remove of draws) {
    const gone = new Set(remove);
    const all = await effectsOf(stored, proposeEdit({ remove, add: [] }));
    const effects = new Map([...all].map(([record, effect]) => [basename(record), effect]));
    for (const [record, needed] of admitted) {
      if (!needed.some((one) => one.length > 0 && one.every((id) => gone.has(id)))) continue;
      flips++;
      const effect = effects.get(record);
      expect(
        ["breaks", "may_break", "unsure"],
        `seed ${seed}, ${format}, ${record} without ${remove.join(" ")}`,
      ).toContain(effect);
    }
  }
  expect(flips).toBeGreaterThan(100);
  const { rules: removable } = await removableSet(stored, { realOnly: false });
  const gone = new Set(removable.map(({ rule }) => rule.id));
  for (const [record, needed] of admitted) {
    const broken = needed.filter((one) => one.length > 0 && one.every((id) => gone.has(id)));
    expect(broken, `seed ${seed}, ${format}, ${record}: removable`).toEqual([]);
  }
}

describe("what a firewall would stop is a break, or undecided; removable rules stop nothing", () => {
  test.each(["three-tier", "mesh", "dense-acls"].flatMap((name) => seeds(1).map((seed) => [name, seed] as const)))(
    "%s, seed %i",
    async (name, seed) => {
      await withFolder(async (folder) => {
        const scenario = TOPOLOGIES[name](seed, createChance(seed));
        const { truth } = writeCapture(scenario, seed, folder);
        for (const format of ["v2", "v5"] as const) {
          const stored = await openStoredRecords(
            await replayInto(join(folder, format), join(folder, format), modelOf(scenario, folder)),
          );
          try {
            await checkRemovals(stored, truth, format, seed);
          } finally {
            stored.close();
          }
        }
      });
    },
    PATIENCE,
  );

  const shared = filesOfOthers("what-if against the kernel's truth");
  test.skipIf(shared === null).each(["production-vpc", "nacl-ephemeral"])(
    "%s, as a kernel let it pass",
    async (name) => {
      const capture = join(shared!, "captures", name);
      const truth = JSON.parse(gunzipSync(readFileSync(join(capture, "truth.json.gz"))).toString()) as Truth;
      await withFolder(async (folder) => {
        for (const format of ["v2", "v5"] as const) {
          mkdirSync(join(folder, format));
          const db = await replayInto(join(folder, format), join(capture, format), join(capture, "config"));
          const stored = await openStoredRecords(db);
          try {
            await checkRemovals(stored, truth, format, 1);
          } finally {
            stored.close();
          }
        }
      });
    },
    PATIENCE,
  );
});
