import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type CliRun, flowreplay } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const folder = temporaryFolder();
let db: string;
beforeAll(async () => {
  db = await replayInto(folder, sample("production-vpc/v5"), sample("production-vpc/config"));
});
const tighten = (...args: string[]): CliRun => flowreplay(["tighten", "--db", db, ...args]);

const WIDE = "sgr-0ef6ec91532d35b0b";
const PUBLIC = "sgr-05f11068b2cc2be50";

test.each([
  ["production-vpc.txt", []],
  ["production-vpc.json", ["--output", "json"]],
  ["curve.csv", [PUBLIC, "--curve", "--output", "csv"]],
])("%s", (name, args) => {
  const run = tighten(...args);
  const golden = new URL(`../cases/tighten/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN && !process.env.CI) writeFileSync(golden, run.stdout);
  expect(run.code).toBe(0);
  expect(run.stdout).toBe(readFileSync(golden, "utf8"));
});

test("the summary says what was proven, learnt from when, tested on what", () => {
  expect(tighten(WIDE, "--output", "json").stderr).toBe(
    "1 of 1 rule can be narrower, 0 redundant: no real accepted record of 15,855 is denied;" +
      " learnt from 2025-03-04 09:00 to 2025-03-04 09:12 UTC, tested on the part from 2025-03-04 09:08 on\n" +
      "note: the log covers 13 minutes, less than 30 days: the proposals do not cover peers that come less often\n",
  );
});

test("what it writes as an edit is what what-if proves, for both formats of the log; the undo is the way back", async () => {
  const edit = join(folder, "edit.json");
  expect(tighten("--output", "edit", "-o", edit, "--min-days", "0").code).toBe(0);
  const { remove, add, undo } = JSON.parse(readFileSync(edit, "utf8")) as Record<"remove" | "add", unknown[]> & {
    undo: Record<"remove" | "add", unknown[]>;
  };
  expect([undo.remove.length, undo.add.length]).toEqual([add.length, remove.length]);
  const proof = flowreplay(["what-if", "--db", db, "--edit", edit, "--min-days", "0"]);
  expect(proof.code).toBe(0);
  expect(proof.stderr).toMatch(
    /^15,855 records: 11\d accepted would be denied \(none of them real traffic\), 0 rejected would be accepted, \d+ undecided before or after: \d+ opener_unknown, settled by tcp-flags, or records of both ends; 29 field_absent, [^\n]*\n$/,
  );
  const other = await replayInto(
    mkdtempSync(join(folder, "v2")),
    sample("production-vpc/v2"),
    sample("production-vpc/config"),
  );
  expect(flowreplay(["what-if", "--db", other, "--edit", edit]).code).toBe(0);
});

test.each(["cli", "terraform", "edit"])(
  "a script in %s needs a window of 30 days, or the word that less is enough",
  (format) => {
    const refused = tighten(WIDE, "--output", format);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(
      /^flowreplay: no script: the window of 13 minutes is shorter than 30 days\nhint: .*--min-days N.*\n$/,
    );
    const written = tighten(WIDE, "--output", format, "--min-days", "0");
    expect(written.code).toBe(0);
    expect(written.stdout).toMatch(/[Ww]indow:? 2025-03-04T09:00Z\/2025-03-04T09:13Z \(13 minutes\)/);
  },
);

test("stages need a format that has them", () => {
  for (const format of ["edit", "json"]) {
    const run = tighten(WIDE, "--staged", "--output", format, "--min-days", "0");
    expect([run.code, run.stderr]).toEqual([2, "flowreplay: --staged needs --output cli or terraform\n"]);
  }
});

test("a staged script runs the stage that it is told, and nothing without one", () => {
  const script = join(folder, "staged.sh");
  expect(tighten(WIDE, "--staged", "--output", "cli", "--min-days", "0", "-o", script).code).toBe(0);
  const calls = join(folder, "staged-calls");
  writeFileSync(join(folder, "aws"), `#!/bin/sh\necho "$2" >> '${calls}'\n`);
  chmodSync(join(folder, "aws"), 0o755);
  const run = (...stage: string[]): unknown[] => {
    writeFileSync(calls, "");
    const { status } = spawnSync("sh", [script, ...stage], { env: { PATH: `${folder}:/usr/bin:/bin` } });
    return [status, readFileSync(calls, "utf8")];
  };
  expect(run()).toEqual([2, ""]);
  expect(run("1")).toEqual([0, "authorize-security-group-ingress\n"]);
  expect(run("2")).toEqual([0, "revoke-security-group-ingress\n"]);
  expect(readFileSync(script, "utf8")).toContain(`#   flowreplay what-if --db stage-1.duckdb --remove ${WIDE}\n`);
  const terraform = tighten(WIDE, "--staged", "--output", "terraform", "--min-days", "0").stdout;
  expect(terraform.indexOf("# Stage 1")).toBeLessThan(terraform.indexOf("# Stage 2"));
  expect(terraform.slice(0, terraform.indexOf("# Stage 2"))).not.toContain("# Delete ");
});

test("what its documentation shows is what it prints", () => {
  const readme = readFileSync(new URL("../../src/change/README.md", import.meta.url), "utf8");
  const [ruleId, ...shown] = readme.split("$ flowreplay tighten ")[1].split("```")[0].split("\n");
  expect(tighten(ruleId).stdout).toBe(shown.join("\n"));
});

test("the page of the audit shows the proposals", () => {
  const page = join(folder, "page.html");
  expect(flowreplay(["report", "--db", db, "--output", "html", "-o", page]).code).toBe(0);
  const html = readFileSync(page, "utf8");
  expect(html).toContain("Narrower rules proposed by tighten");
  expect(html).toContain("egress tcp 3306 to sg-0f1e30ea986735836");
});

describe("errors are one line and a hint", () => {
  test.each([
    [["sgr-nowhere"], "flowreplay: no group rule sgr-nowhere in the newest configuration"],
    [
      ["acl-0bfc493980be5ad39/ingress/150"],
      "flowreplay: acl-0bfc493980be5ad39/ingress/150 is an entry of a network ACL, not a group rule",
    ],
    [
      ["--max-rules", "0"],
      "flowreplay: option '--max-rules <n>' argument '0' is invalid. give a whole number from 1 to 60",
    ],
    [
      ["--widen", "33"],
      "flowreplay: option '--widen <v4>[,<v6>]' argument '33' is invalid. give prefix lengths such as 24 or 24,64",
    ],
    [
      ["--holdout", "x"],
      "flowreplay: option '--holdout <percent>' argument 'x' is invalid. give a whole number from 0 to 90",
    ],
  ])("%s", (args, message) => {
    const run = tighten(...args);
    expect([run.code, run.stdout, run.stderr.split("\n")[0]]).toEqual([2, "", message]);
  });

  test("without records there is nothing to judge", () => {
    const bare = join(folder, "bare.duckdb");
    const model = ["--model", sample("production-vpc/config"), "--db", bare, "--no-flows"];
    expect(flowreplay(["replay", sample("production-vpc/v5"), ...model]).code).toBe(0);
    expect(flowreplay(["tighten", "--db", bare]).code).toBe(3);
  });
});

test("hostile names: nothing runs, nothing reaches the terminal, the text arrives as it was", async () => {
  const hostile = "it's `touch pwned` $(touch pwned) ${x}\n; touch pwned # \u001b[2J\u202e";
  const model = join(folder, "hostile");
  cpSync(sample("production-vpc/config"), model, { recursive: true });
  const edit = (name: string, list: string, change: (one: Record<string, unknown>) => void): void => {
    const file = join(model, name);
    const content = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, unknown>[]>;
    content[list].forEach(change);
    writeFileSync(file, JSON.stringify(content));
  };
  edit("security-group-rules.json", "SecurityGroupRules", (one) => (one.Description = hostile));
  edit("security-groups.json", "SecurityGroups", (one) => (one.GroupName = hostile));
  const own = await replayInto(mkdtempSync(join(folder, "h")), sample("production-vpc/v5"), model);
  // oxlint-disable-next-line no-control-regex -- these are what it is about
  const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
  for (const format of ["table", "markdown", "terraform"]) {
    const run = flowreplay(["tighten", WIDE, "--db", own, "--output", format, "--min-days", "0"]);
    expect([format, run.code, control.test(run.stdout)]).toEqual([format, 0, false]);
  }
  const script = flowreplay(["tighten", WIDE, "--db", own, "--output", "cli", "--min-days", "0"]).stdout;
  expect(control.test(script)).toBe(false);
  const calls = join(folder, "calls");
  writeFileSync(join(folder, "aws"), `#!/bin/sh\nfor one; do printf '%s\\0' "$one" >> '${calls}'; done\n`);
  chmodSync(join(folder, "aws"), 0o755);
  writeFileSync(join(folder, "script.sh"), script);
  const run = spawnSync("sh", ["script.sh"], { cwd: folder, env: { PATH: `${folder}:/usr/bin:/bin` } });
  expect([run.status, existsSync(join(folder, "pwned"))]).toEqual([0, false]);
  const words = readFileSync(calls, "utf8").split("\0");
  const [permission] = words.filter((word) => word.startsWith("[")).map((word) => JSON.parse(word) as unknown[]);
  expect(permission).toEqual([
    {
      IpProtocol: "tcp",
      FromPort: 9010,
      ToPort: 9010,
      UserIdGroupPairs: [{ GroupId: "sg-056542997415ec0d3", UserId: "123456789012", Description: hostile }],
    },
  ]);
});
