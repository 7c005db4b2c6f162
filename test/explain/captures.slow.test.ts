import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import { loadModel } from "../../src/model/load.ts";
import { judgeFast, sorted } from "../evaluate/judge-fast.ts";
import { sample } from "../helpers/samples.ts";

describe("both evaluators say the same of every record of a sample", () => {
  test.each([
    ["production-vpc", "config", "v5"],
    ["nacl-ephemeral", "config", "v2"],
    ["nacl-ephemeral", "config", "v5"],
    ["established", "history", "v2"],
    ["established", "history", "v5"],
  ])("%s, %s, %s", async (name, configuration, format) => {
    const model = await loadModel(sample(`${name}/${configuration}`));
    const folder = sample(`${name}/${format}`);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".gz"));
    // The plain evaluator is slow, and half of a sample already has every kind of traffic.
    const texts = files
      .sort()
      .slice(0, 4)
      .map((file) => gunzipSync(readFileSync(join(folder, file))).toString());
    const fast = judgeFast(model, [texts]);
    const plain = createExplainer(model).explain(fast.map(({ record }) => record));
    const differing = plain.filter(({ judgement }, at) => {
      return JSON.stringify(sorted(judgement)) !== JSON.stringify(fast[at]!.judgement);
    });
    expect(fast.length).toBeGreaterThan(3000);
    expect(differing.map(({ record }) => record)).toEqual([]);
  });
});
