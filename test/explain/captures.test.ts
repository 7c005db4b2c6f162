import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import { loadModel } from "../../src/model/load.ts";
import { judgeFast, sorted } from "../evaluate/judge-fast.ts";

const CAPTURES = fileURLToPath(new URL("../../../shared/captures", import.meta.url));
const available = existsSync(CAPTURES);
// oxlint-disable-next-line no-console -- a skip must be seen
if (!available) console.warn(`SKIPPED: captures are compared with the explaining evaluator only where ${CAPTURES} is`);

describe.skipIf(!available)("both evaluators say the same of every record of a capture", () => {
  test.each([
    ["production-vpc", "config", "v5"],
    ["nacl-ephemeral", "config", "v2"],
    ["nacl-ephemeral", "config", "v5"],
    ["established", "history", "v2"],
    ["established", "history", "v5"],
  ])("%s, %s, %s", async (name, configuration, format) => {
    const model = await loadModel(join(CAPTURES, name, configuration));
    const folder = join(CAPTURES, name, format);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".gz"));
    // The slow one takes its time: half a capture has every kind of traffic.
    const texts = files
      .sort()
      .slice(0, 4)
      .map((file) => gunzipSync(readFileSync(join(folder, file))).toString());
    const fast = judgeFast(model, [texts]);
    const slow = createExplainer(model).explain(fast.map(({ record }) => record));
    const differing = slow.filter(({ judgement }, at) => {
      return JSON.stringify(sorted(judgement)) !== JSON.stringify(fast[at]!.judgement);
    });
    expect(fast.length).toBeGreaterThan(3000);
    expect(differing.map(({ record }) => record)).toEqual([]);
  });
});
