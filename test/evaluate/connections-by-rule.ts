import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withFolder } from "../helpers/folder.ts";
import { replayInto } from "../helpers/samples.ts";
import { type Network, writeNetwork } from "../helpers/small-model.ts";

/** Connections that each group rule admitted, by rule id, after a replay of `lines` (default format). */
export async function connectionsByRule(network: Network, lines: readonly string[]): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const model = join(folder, "model");
    mkdirSync(model);
    writeNetwork(network, model);
    const log = join(folder, "log.txt");
    writeFileSync(log, `${lines.join("\n")}\n`);
    const evidence = await openEvidence(await replayInto(folder, log, model));
    try {
      const { rows } = await evidence.run(
        "select rule_id, connections from rule_usage where rule_id like 'sgr-%' and connections > 0",
      );
      return Object.fromEntries(rows.map((row) => [String(row[0]), Number(row[1])]));
    } finally {
      evidence.close();
    }
  });
}
