import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withFolder } from "../helpers/folder.ts";
import { mulberry32 } from "../helpers/fault-proxy.ts";
import { checksums, type KillPoint, leftovers, replayUntil, stateOf, writeFiftyObjects } from "../helpers/kill.ts";

/** `npm run test:kill` asks for 200; FLOWREPLAY_SEED repeats a series. */
const KILLS = Number(process.env.FLOWREPLAY_KILLS ?? 6);
const SEED = Number(process.env.FLOWREPLAY_SEED ?? Date.now() % 1_000_000);

test(
  `kill -9 at ${KILLS} random moments (seed ${SEED}), then a second run: every database equals the uninterrupted one`,
  async () => {
    await withFolder(async (folder) => {
      const logs = join(folder, "logs");
      writeFiftyObjects(logs);
      const whole = join(folder, "whole.duckdb");
      const { ms, writes } = await replayUntil(logs, whole);
      const expected = await checksums(whole);
      expect(expected.flows).toMatch(/^47[0-9]{3} rows/);
      const random = mulberry32(SEED);
      const seen: Record<string, number> = {};
      for (let kill = 0; kill < KILLS; kill++) {
        const db = join(folder, `${kill}.duckdb`);
        // Every second one by the clock, the others in the midst of writing: file creation, commits, checkpoint.
        const point: KillPoint =
          kill % 2 === 0
            ? { afterMs: ms * (0.2 + 0.8 * random()) }
            : { atWrite: 1 + Math.floor(random() * Math.max(1, writes - 1)) };
        const { killed } = await replayUntil(logs, db, point);
        const state = killed ? stateOf(db) : "too late";
        seen[state] = (seen[state] ?? 0) + 1;
        await replayUntil(logs, db);
        const what = `kill ${kill} of seed ${SEED}: ${JSON.stringify(point)}, ${state}`;
        expect({ what, ...(await checksums(db)) }).toEqual({ what, ...expected });
        expect({ what, left: leftovers(db) }).toEqual({ what, left: [] });
        rmSync(db);
      }
      // oxlint-disable-next-line no-console -- how the points fell is part of the result
      console.log(`seed ${SEED}, whole run ${Math.round(ms)} ms with ${writes} writes seen; killed:`, seen);
      expect(Object.keys(seen).some((state) => state !== "too late")).toBe(true);
    });
  },
  60_000 + KILLS * 20_000,
);
