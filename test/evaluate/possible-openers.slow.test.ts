import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removableSet } from "../../src/change/removable.ts";
import { openStoredRecords } from "../../src/store/stored-records.ts";
import { withFolder } from "../helpers/folder.ts";
import { replayInto } from "../helpers/samples.ts";
import { type Network, writeNetwork } from "../helpers/small-model.ts";

const START = 1_700_000_000;

/** Two hosts of one group talk in both directions; the records of both ends show the same times, packets and bytes. */
const pair = (rules: readonly string[]): Network => ({
  subnets: { "subnet-1": "10.0.1.0/24", "subnet-2": "10.0.2.0/24" },
  interfaces: { "eni-1": "subnet-1 10.0.1.10 sg-1", "eni-2": "subnet-2 10.0.2.10 sg-1" },
  groups: { "sg-1": rules },
});

const exchange = (protocol: number, bytes: number): string[] =>
  ["eni-1", "eni-2"].flatMap((eni) =>
    ["10.0.1.10 10.0.2.10", "10.0.2.10 10.0.1.10"].map(
      (ends) => `2 123456789012 ${eni} ${ends} 0 0 ${protocol} 3 ${bytes} ${START} ${START + 3} ACCEPT OK`,
    ),
  );

/** What is said of each rule after a replay. */
async function saidOf(network: Network, lines: readonly string[]) {
  return withFolder(async (folder) => {
    const model = join(folder, "model");
    mkdirSync(model);
    writeNetwork(network, model);
    const log = join(folder, "log.txt");
    writeFileSync(log, `${lines.join("\n")}\n`);
    const stored = await openStoredRecords(await replayInto(folder, log, model));
    try {
      const { rows } = await stored.evidence.run(`
        select rule_id, connections, possible_connections, possible_because
        from rule_usage where rule_id like 'sgr-%' order by all`);
      const { rules } = await removableSet(stored, { realOnly: false });
      const { rows: lists } = await stored.evidence.run("select distinct sg_rule_ids, sg_possible_rule_ids from flows");
      return { usage: rows, removable: rules.map(({ rule }) => rule.id).sort(), lists };
    } finally {
      stored.close();
    }
  });
}

test("pings that either end may have sent: both rules possibly admitted them, and neither can be removed", async () => {
  const { usage, removable, lists } = await saidOf(
    pair(["in icmp 8 10.0.0.0/16", "out icmp -1 10.0.0.0/16", "in tcp 443 10.0.0.0/16"]),
    exchange(1, 252),
  );
  expect(usage).toEqual([
    ["sgr-sg-1-0", 0, 2, ["icmp_type_unknown", "opener_unknown"]],
    ["sgr-sg-1-1", 0, 2, ["opener_unknown"]],
    ["sgr-sg-1-2", 0, 0, []],
  ]);
  expect(removable).toEqual(["sgr-sg-1-2"]);
  expect(lists).toEqual([[[], ["sgr-sg-1-0", "sgr-sg-1-1"]]]);
});

test("ESP that either end may have opened: both rules possibly admitted it", async () => {
  const { usage, removable } = await saidOf(pair(["in 50 -1 10.0.0.0/16", "out 50 -1 10.0.0.0/16"]), exchange(50, 400));
  expect(usage).toEqual([
    ["sgr-sg-1-0", 0, 2, ["opener_unknown"]],
    ["sgr-sg-1-1", 0, 2, ["opener_unknown"]],
  ]);
  expect(removable).toEqual([]);
});

test("ESP that only the peer may have opened was certainly admitted by the inbound rule", async () => {
  const network = pair(["in 50 -1 10.0.0.0/16"]);
  const lines = exchange(50, 400).filter((line) => line.includes("eni-1"));
  const { usage, lists } = await saidOf(network, lines);
  expect(usage).toEqual([["sgr-sg-1-0", 1, 0, []]]);
  expect(lists).toEqual([[["sgr-sg-1-0"], []]]);
});

test("UDP on ports that tell nothing counts for the likelier opener's rules, and may be the other's", async () => {
  const lines = [
    `2 123456789012 eni-1 10.0.1.10 192.0.2.9 40000 40001 17 3 300 ${START} ${START + 3} ACCEPT OK`,
    `2 123456789012 eni-1 192.0.2.9 10.0.1.10 40001 40000 17 3 300 ${START + 1} ${START + 3} ACCEPT OK`,
  ];
  const { usage, removable } = await saidOf(
    pair(["in udp 40000-40010 0.0.0.0/0", "out udp 40001-40010 0.0.0.0/0"]),
    lines,
  );
  expect(usage).toEqual([
    ["sgr-sg-1-0", 0, 1, ["opener_unknown"]],
    ["sgr-sg-1-1", 1, 1, ["opener_unknown"]],
  ]);
  expect(removable).toEqual([]);
});

test("an ICMP packet that its sender's rules refuse is no use of the other direction's rule for certain: it may be an error", async () => {
  const network = pair(["in icmp 8 10.0.0.0/16", "in tcp 443 10.0.0.0/16"]);
  const packet = `2 123456789012 eni-1 10.0.1.10 10.0.2.10 0 0 1 1 88 ${START} ${START + 3} ACCEPT OK`;
  const { usage, removable } = await saidOf(network, [packet]);
  expect(usage).toEqual([
    ["sgr-sg-1-0", 0, 1, ["icmp_type_unknown", "opener_unknown"]],
    ["sgr-sg-1-1", 0, 0, []],
  ]);
  expect(removable).toEqual(["sgr-sg-1-1"]);
});
