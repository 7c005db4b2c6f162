import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto } from "../helpers/samples.ts";

/** A network ACL entry lets each record in; the group, which has no rule for it, denies it, and AWS accepted it. */
const CASE = fileURLToPath(new URL("../cases/real/wrong-entry", import.meta.url));
const folder = temporaryFolder();
let db: string;

beforeAll(async () => {
  db = await replayInto(folder, `${CASE}/logs`, `${CASE}/model`);
});

test.each([
  [["report", "mismatch-summary", "mismatches", "--output", "json"]],
  [["report", "mismatch-summary", "mismatches", "--output", "sarif"]],
  [["replay", `${CASE}/logs`, "--model", `${CASE}/model`]],
])("%j does not name the entry that let a record pass", (args) => {
  const to = args[0] === "replay" ? `${db}.again` : db;
  const { stdout } = flowreplay([...args, "--db", to]);
  const [mismatches] = stdout.split("Unused rules");
  expect(mismatches).toContain("no_explanation");
  expect(mismatches).not.toContain("/ingress/100");
});

test("mismatch-summary names the layer that denies", () => {
  const rows = JSON.parse(flowreplay(["report", "mismatch-summary", "--db", db, "--output", "json"]).stdout) as {
    decided_by: string;
    nacl_rule_id: string | null;
  }[];
  expect(rows.map((row) => [row.decided_by, row.nacl_rule_id])).toEqual([
    ["sg_in", null],
    ["sg_out", null],
  ]);
});
