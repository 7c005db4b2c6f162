import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withFolder } from "../helpers/folder.ts";
import { modelOf, writeCapture } from "../helpers/firewall/capture.ts";
import { createChance } from "../helpers/firewall/chance.ts";
import { checkEvidence } from "../helpers/firewall/check.ts";
import { seeds } from "../helpers/firewall/seeds.ts";
import { TOPOLOGIES } from "../helpers/firewall/topologies/index.ts";
import { replayInto } from "../helpers/samples.ts";

/** Networks of the ordinary run; `npm run test:firewall` plays the large one, too, and more seeds. */
const chosen = process.env.FLOWREPLAY_TOPOLOGY?.split(",") ?? Object.keys(TOPOLOGIES).filter((name) => name !== "big");

/** Milliseconds, for a busy machine. */
const PATIENCE = 600_000;

describe.each(chosen)("a replay agrees with what a simulated firewall did: %s", (name) => {
  test.each(seeds(1))(
    "seed %i",
    async (seed) => {
      await withFolder(async (folder) => {
        const scenario = TOPOLOGIES[name](seed, createChance(seed));
        const { truth } = writeCapture(scenario, seed, folder);
        for (const format of ["v2", "v5"] as const) {
          const db = await replayInto(join(folder, format), join(folder, format), modelOf(scenario, folder));
          const evidence = await openEvidence(db);
          try {
            const verdict = await checkEvidence(evidence, truth, format);
            // The first few tell enough.
            expect(verdict.wrong.slice(0, 5), `${format}: ${verdict.wrong.length} wrong`).toEqual([]);
            expect(verdict.usage.off, format).toEqual([]);
            const { ruleSets } = verdict;
            // Which of two rules admitted a connection that began around a change, no record tells.
            expect(ruleSets.wrong.length, `${format}: ${ruleSets.wrong[0]}`).toBeLessThan(ruleSets.asked * 0.002 + 1);
            expect(verdict.usage.compared).toBeGreaterThan(3);
            expect(verdict.records).toBeGreaterThan(1000);
            expect(verdict.undecided).toBeLessThanOrEqual(verdict.records / 100);
            const { asked, right } = verdict.initiator;
            expect(right / asked, format).toBeGreaterThanOrEqual(format === "v5" ? 1 : 0.998);
          } finally {
            evidence.close();
          }
        }
      });
    },
    PATIENCE,
  );
});
