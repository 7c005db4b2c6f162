import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseEdit } from "../../src/model/edit.ts";
import { quotaNotes, type RuleChange, SCRIPTS } from "../../src/report/change-scripts.ts";
import { prefix, rule, snapshotOf } from "../analysis/lint/snapshots.ts";
import { withFolder } from "../helpers/folder.ts";

const HOSTILE = "it's `touch pwned` $(touch pwned) ${x} %{y}\n; touch pwned # \u001b[2J\u202e \\ \"";
const old = rule("sgr-1", "sg-1", { protocol: 6, ports: { from: 443, to: 443 }, description: HOSTILE });
const fresh = rule("sg-1/ingress/tcp/443/192.0.2.0/24", "sg-1", {
  protocol: 6,
  ports: { from: 443, to: 443 },
  peer: prefix("192.0.2.0/24"),
  description: HOSTILE,
});
const change: RuleChange = { remove: [old], add: [fresh], why: `narrower\ntouch pwned` };
const dashed: RuleChange = { remove: [rule("--x", "-y; touch pwned")], add: [], why: "ids that look like options" };

/** Runs a script with an `aws` that writes down its arguments. */
function run(folder: string, script: string): string[][] {
  const log = join(folder, "calls");
  writeFileSync(
    join(folder, "aws"),
    `#!/bin/sh\nfor one; do printf '%s\\0' "$one" >> '${log}'; done; printf '\\1' >> '${log}'\n`,
  );
  chmodSync(join(folder, "aws"), 0o755);
  const file = join(folder, "script.sh");
  writeFileSync(file, script);
  const { status, stderr } = spawnSync("sh", [file], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: `${folder}:/usr/bin:/bin` },
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(existsSync(join(folder, "pwned"))).toBe(false);
  const calls = existsSync(log) ? readFileSync(log, "utf8") : "";
  writeFileSync(log, "");
  return calls
    .split("\u0001")
    .slice(0, -1)
    .map((call) => call.split("\0").slice(0, -1));
}

test("the shell passes on exactly what the rules say, the new ones first; the undo is the way back", async () => {
  await withFolder(async (folder) => {
    const script = SCRIPTS.cli([change, dashed], `title ${HOSTILE}`);
    const permission = (cidr: string): string =>
      JSON.stringify([
        { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: cidr, Description: HOSTILE }] },
      ]);
    const parsed = (calls: string[][]): unknown[] =>
      calls.map((call) => call.map((word) => (word.startsWith("[") ? (JSON.parse(word) as unknown) : word)));
    const parse = (text: string): unknown => JSON.parse(text) as unknown;
    expect(parsed(run(folder, script))).toEqual([
      [
        "ec2",
        "authorize-security-group-ingress",
        "--group-id=sg-1",
        "--ip-permissions",
        parse(permission("192.0.2.0/24")),
      ],
      ["ec2", "revoke-security-group-ingress", "--group-id=sg-1", "--security-group-rule-ids", "sgr-1"],
      [
        "ec2",
        "revoke-security-group-ingress",
        "--group-id=-y; touch pwned",
        "--ip-permissions",
        [{ IpProtocol: "-1", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
      ],
    ]);
    const undo = script
      .split("\n")
      .filter((line) => line.startsWith("#undo "))
      .map((line) => line.slice(6));
    expect(parsed(run(folder, undo.slice(0, 2).join("\n")))).toEqual([
      [
        "ec2",
        "authorize-security-group-ingress",
        "--group-id=sg-1",
        "--ip-permissions",
        parse(permission("0.0.0.0/0")),
      ],
      [
        "ec2",
        "revoke-security-group-ingress",
        "--group-id=sg-1",
        "--ip-permissions",
        parse(permission("192.0.2.0/24")),
      ],
    ]);
  });
});

test("Terraform: text stays text, no control reaches a terminal, names are names", () => {
  const script = SCRIPTS.terraform([change, change, dashed], `title ${HOSTILE}`);
  const golden = new URL("../cases/change-scripts/hostile.tf", import.meta.url);
  if (process.env.UPDATE_GOLDEN && !process.env.CI) writeFileSync(golden, script);
  expect(script).toBe(readFileSync(golden, "utf8"));
});

test("an edit reads back, and so does its undo", () => {
  const edit = JSON.parse(SCRIPTS.edit([change], "title")) as { undo: unknown };
  const there = parseEdit(edit, "test");
  const back = parseEdit(edit.undo, "test");
  const ids = (one: typeof there): string[] =>
    one.add.map((added) => (added.kind === "group-rule" ? added.rule.id : ""));
  expect([there.remove, ids(there)]).toEqual([["sgr-1"], [fresh.id]]);
  expect([back.remove, ids(back)]).toEqual([[fresh.id], ["sg-1/ingress/tcp/443/0.0.0.0/0"]]);
});

const many = (from: number, to: number): ReturnType<typeof rule>[] =>
  Array.from({ length: to - from }, (_, at) =>
    rule(`sgr-${from + at}`, "sg-1", { peer: prefix(`10.0.0.${from + at}/32`) }),
  );

test("a group that would exceed its quota is named, counting each family by itself and without removed rules", () => {
  const snapshot = snapshotOf({ rules: many(0, 58) });
  expect(quotaNotes(snapshot, { remove: ["sgr-0"], add: many(58, 61) })).toEqual([]);
  expect(quotaNotes(snapshot, { remove: [], add: many(58, 61) })).toEqual([
    "sg-1 would have 61 ingress rules; AWS's default quota is 60 per direction and address family",
  ]);
  const six = rule("sgr-six", "sg-1", { peer: prefix("2001:db8::/64") });
  expect(quotaNotes(snapshot, { remove: [], add: [...many(58, 60), six] })).toEqual([]);
});
