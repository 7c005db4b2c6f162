import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { MAIN } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const folder = temporaryFolder();
let db: string;
beforeAll(async () => {
  db = await replayInto(folder, sample("production-vpc/v5"), sample("production-vpc/config"));
});

/** Runs a shell line in which `$fr` is the program and `$db` an evidence file; `code` is the program's own. */
function shell(line: string): { readonly code: number; readonly stderr: string } {
  const env = { ...process.env, fr: `${process.execPath} ${MAIN}`, db };
  const { status, stderr } = spawnSync("bash", ["-c", `set -o pipefail; ${line}`], { env, encoding: "utf8" });
  return { code: status ?? -1, stderr };
}

const ALL = `$fr query "select * from flows" --db $db --output csv`;
const FOUND = "$fr report --fail-on unexpected_reject --db $db";
const BREAKS = "$fr what-if --remove sgr-0ef6ec91532d35b0b --db $db";
const NO_ROOM = existsSync("/dev/full");

test.each([
  ["a reader that has gone is no failure", `${ALL} | head -1`, 0],
  ["a reader that has gone does not change the verdict of --fail-on", `${FOUND} | true`, 1],
  ["a reader that has gone does not change the verdict of what-if", `${BREAKS} | true`, 1],
  ["closed streams do not change the verdict", `${BREAKS} >&- 2>&-`, 1],
  ["without stderr the verdict stays", `${FOUND} 2>&- >/dev/null`, 1],
])("%s", (_, line, code) => {
  const run = shell(line);
  expect(run.stderr).not.toMatch(/internal error|\n\s+at /);
  expect(run.code).toBe(code);
});

test.skipIf(!NO_ROOM).each([
  ["rows that cannot be written: one line, exit 2", `${ALL} > /dev/full`, 2],
  [
    "a verdict stays although the output cannot be written",
    `$fr report mismatches --fail-on unexpected_reject --db $db > /dev/full`,
    1,
  ],
  ["what-if breaks although the output cannot be written", `${BREAKS} > /dev/full`, 1],
])("%s", (_, line, code) => {
  const run = shell(line);
  expect(run.stderr).toMatch(/^flowreplay: cannot write the output: ENOSPC: [^\n]+$/m);
  expect(run.stderr).not.toMatch(/internal error|\n\s+at /);
  expect(run.code).toBe(code);
});

test.skipIf(!NO_ROOM)("a replay stores everything although its summary cannot be written", () => {
  const other = join(folder, "other.duckdb");
  const logs = sample("two-records/flow.log");
  const run = shell(`$fr replay ${logs} --model ${sample("two-records/config")} --db ${other} > /dev/full`);
  expect(run.code).toBe(2);
  const stored = spawnSync("bash", ["-c", `$fr query "select count(*) as n from flows" --db ${other} --output csv`], {
    env: { ...process.env, fr: `${process.execPath} ${MAIN}` },
    encoding: "utf8",
  });
  expect(stored.stdout).toBe("n\n2\n");
});
