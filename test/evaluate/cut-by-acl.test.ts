import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import { loadModel } from "../../src/model/load.ts";
import { withFolder } from "../helpers/folder.ts";
import { type Network, writeNetwork } from "../helpers/small-model.ts";
import { judgeFast } from "./judge-fast.ts";

const BEFORE: Network = {
  subnets: { "subnet-1": "10.0.0.0/24" },
  interfaces: { "eni-1": "subnet-1 10.0.0.5 sg-1" },
  groups: { "sg-1": ["out tcp 9090 10.0.1.0/24"] },
};
/** Both at once: the rule goes, and the network ACL denies. */
const AFTER: Network = {
  ...BEFORE,
  groups: { "sg-1": [] },
  acls: { "acl-1": ["subnet-1"] },
  entries: { "acl-1": ["in 100 allow all 0.0.0.0/0", "out 90 deny all 10.0.1.0/24", "out 100 allow all 0.0.0.0/0"] },
};

test("a tracked connection outlives its group rule, so a network ACL that changes with it decides", async () => {
  await withFolder(async (folder) => {
    for (const [time, network] of [
      ["2025-03-04T09-00-00Z", BEFORE],
      ["2025-03-04T09-10-00Z", AFTER],
    ] as const) {
      mkdirSync(join(folder, time));
      writeNetwork(network, join(folder, time));
    }
    const start = Date.UTC(2025, 2, 4, 9) / 1000;
    const line = (port: number, seconds: number, action: string): string =>
      `2 123456789012 eni-1 10.0.0.5 10.0.1.9 ${port} 9090 6 3 400 ${start + seconds} ${start + seconds + 9} ${action} OK`;
    const lines = [line(40_000, 300, "ACCEPT"), line(40_000, 900, "REJECT"), line(40_001, 900, "REJECT")];
    const model = await loadModel(folder);
    const fast = judgeFast(model, [[`${lines.join("\n")}\n`]]);
    const slow = createExplainer(model).explain(fast.map(({ record }) => record));
    for (const judged of [fast, slow]) {
      expect(judged.map(({ judgement }) => judgement.decidedBy)).toEqual(["nacl_out", "nacl_out", "sg_out"]);
      expect(judged.map(({ judgement }) => judgement.agreement)).toEqual(["agree", "agree", "agree"]);
    }
  });
});
