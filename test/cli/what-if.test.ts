import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type CliRun, flowreplay } from "../helpers/cli.ts";
import { createEvidence } from "../helpers/evidence.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const folder = temporaryFolder();
let db: string;
beforeAll(async () => {
  db = await replayInto(folder, sample("production-vpc/v2"), sample("production-vpc/config"));
});
const whatIf = (...args: string[]): CliRun => flowreplay(["what-if", "--db", db, ...args]);

const APP_RANGE = "sgr-0ef6ec91532d35b0b";
const SCANNERS_ONLY = "sgr-0229ab7721485beb9";
const REDUNDANT = "sgr-03fe07318a746c80a";

test("one row per changed record, the contract's columns first, in the order of objects and lines", () => {
  const run = whatIf("--remove", APP_RANGE, "--output", "json");
  const rows = JSON.parse(run.stdout) as Record<string, unknown>[];
  expect(run.code).toBe(1);
  expect(rows).toHaveLength(50);
  const contract = [
    "source_object",
    "line",
    "interface_id",
    "action",
    "verdict_before",
    "verdict_after",
    "decided_by",
    "rule_ids",
  ];
  expect(Object.keys(rows[0]).slice(0, 8)).toEqual(contract);
  expect(rows[0]).toMatchObject({
    action: "ACCEPT",
    verdict_before: "allow",
    verdict_after: "deny",
    decided_by: "sg_out",
    rule_ids: [],
  });
  const places = rows.map((row) => `${String(row.source_object)}|${String(row.line).padStart(6, "0")}`);
  expect(places).toEqual(places.toSorted());
  expect(run.stderr).toBe(
    "15,855 records: 50 accepted would be denied, 0 rejected would be accepted, 0 undecided before or after\n",
  );
});

describe("exit codes", () => {
  test.each([
    ["real traffic breaks", ["--remove", APP_RANGE], 1],
    ["scanners only", ["--remove", SCANNERS_ONLY], 0],
    ["scanners only, strictly", ["--remove", SCANNERS_ONLY, "--strict"], 1],
    ["nothing changes", ["--remove", REDUNDANT], 0],
    ["the same configuration", ["--model", sample("production-vpc/config")], 0],
    ["nothing proposed", [], 2],
    ["a rule that is not there", ["--remove", "sgr-nowhere"], 2],
    ["no JSON", ["--add", "{oops"], 2],
    ["no such model", ["--model", "nowhere"], 2],
  ])("%s", (_, args, code) => {
    expect(whatIf(...args).code).toBe(code);
  });

  test("no such evidence, or none with a model", async () => {
    expect(flowreplay(["what-if", "--db", join(folder, "none.duckdb"), "--remove", "x"]).code).toBe(2);
    const bare = join(folder, "bare.duckdb");
    await createEvidence(bare, "");
    const run = flowreplay(["what-if", "--db", bare, "--remove", "x"]);
    expect([run.code, run.stderr.split("\n")[0]]).toEqual([
      2,
      `flowreplay: ${bare} holds no model: no replay had --model`,
    ]);
  });
});

test("a rule in place of another: by argument, by file, by list", () => {
  const narrower = {
    GroupId: "sg-09ee2a876925f04d6",
    IpProtocol: "tcp",
    FromPort: 9000,
    ToPort: 9100,
    CidrIpv4: "10.0.10.90/32",
  };
  const list = join(folder, "rules.json");
  const edit = join(folder, "edit.json");
  writeFileSync(list, JSON.stringify([narrower]));
  writeFileSync(edit, JSON.stringify({ remove: [APP_RANGE], add: [narrower] }));
  const ways = [
    ["--remove", APP_RANGE, "--add", JSON.stringify(narrower)],
    ["--remove", APP_RANGE, "--add", `@${list}`],
    ["--edit", edit],
  ];
  for (const way of ways) {
    const run = whatIf(...way, "--summary", "--output", "json");
    const rows = JSON.parse(run.stdout) as Record<string, unknown>[];
    expect(rows.map(({ effect, peer, port, traffic_class }) => [effect, peer, port, traffic_class])).toEqual([
      ["breaks", "10.0.10.12", 9050, "scanner"],
    ]);
    expect(run.code).toBe(0);
  }
});

test("groups of a Terraform plan stand for themselves, the rest stays", () => {
  const plan = join(folder, "plan.json");
  const values = { id: "sg-0c8e9661c837b979e", name: "sg-bastion", vpc_id: "vpc-1", ingress: [], egress: [] };
  const resource = {
    address: "aws_security_group.bastion",
    mode: "managed",
    type: "aws_security_group",
    name: "bastion",
    values,
  };
  writeFileSync(
    plan,
    JSON.stringify({ format_version: "1.2", planned_values: { root_module: { resources: [resource] } } }),
  );
  const run = whatIf("--model", plan, "--summary", "--output", "json");
  const rows = JSON.parse(run.stdout) as { rule_ids: string[] }[];
  expect(run.stderr).toContain("names no network interfaces; everything that it does not name stays");
  expect(new Set(rows.flatMap((row) => row.rule_ids))).toEqual(
    new Set(["sgr-0e2ded480f6b63e60", "sgr-0229ab7721485beb9", "sgr-0014c81f89b231a49", "sgr-0bf5d5a723152376a"]),
  );
});

test("the table tells people what breaks, for whom", () => {
  const shown = whatIf("--remove", APP_RANGE, SCANNERS_ONLY).stdout;
  const golden = new URL("../cases/what-if/two-rules.txt", import.meta.url);
  if (process.env.UPDATE_GOLDEN && !process.env.CI) writeFileSync(golden, shown);
  expect(shown).toBe(readFileSync(golden, "utf8"));
});
