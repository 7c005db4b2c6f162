import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";
import { asffProblems, ocsfProblems, sarifProblems } from "../helpers/schemas.ts";

const CONFIG = sample("production-vpc/config");
const folder = temporaryFolder();
const file = (name: string): string => join(folder, name);
const STALE = ["sgr-0f63602a6e96227cb", "sgr-097f89e19c7589592"];
let db: string;

beforeAll(async () => {
  db = await replayInto(folder, sample("production-vpc/v5"), CONFIG);
}, 60_000);

type Row = Record<string, unknown>;
// The sample is thirteen minutes long.
const report = (...args: string[]) => flowreplay(["report", ...args, "--db", db, "--min-days", "0"]);
const rowsOf = (stdout: string): Row[] => JSON.parse(stdout) as Row[];

function exempt(name: string, exemptions: object[]): string {
  writeFileSync(file(name), JSON.stringify({ exemptions }));
  return file(name);
}
const why = (expires: string) => ({ reason: "partner moves in spring", owner: "net-team", expires });

test("exemptions leave findings out until they expire, count them, and show them on request", () => {
  const exemptions = exempt("some.json", [
    { check: "unused-rules", rule: STALE[0], ...why("2999-12-31") },
    { check: "unused-rules", rule: STALE[1], ...why("2020-01-31") },
  ]);
  const args = ["unused-rules", "--output", "json", "--exemptions", exemptions];
  const all = rowsOf(report("unused-rules", "--output", "json").stdout);
  const { stdout, stderr, code } = report(...args);
  expect(code).toBe(0);
  const rules = rowsOf(stdout).map((row) => row.rule_id);
  expect(rules.length).toBe(all.length - 1);
  expect(rules).not.toContain(STALE[0]);
  expect(rules).toContain(STALE[1]);
  expect(stderr).toBe(
    "note: 1 finding suppressed by exemptions; --show-suppressed lists them\n" +
      `note: exemption /exemptions/1 (unused-rules ${STALE[1]}, net-team) expired after 2020-01-31: its finding is back\n`,
  );
  const shown = rowsOf(report(...args, "--show-suppressed").stdout);
  expect(shown.find((row) => row.rule_id === STALE[0])?.suppressed).toBe(
    "net-team until 2999-12-31: partner moves in spring",
  );
  expect(shown.filter((row) => row.suppressed !== null).length).toBe(1);
  const sarif = JSON.parse(
    report("unused-rules", "--output", "sarif", "--exemptions", exemptions, "--show-suppressed").stdout,
  );
  expect(sarifProblems(sarif)).toEqual([]);
  const [suppressed, ...others] = (sarif as { runs: [{ results: Row[] }] }).runs[0].results.filter(
    (one) => one.suppressions,
  );
  expect(others).toEqual([]);
  expect(suppressed.suppressions).toEqual([
    { kind: "external", status: "accepted", justification: "partner moves in spring (net-team, until 2999-12-31)" },
  ]);
});

test("--fail-on counts what is stated, and neither what is exempt nor what cannot be decided", () => {
  const failed = report("--fail-on", "unused-rules,mismatches,nacl-return-path");
  expect(failed).toMatchObject({ stdout: "", code: 1 });
  const rows = rowsOf(report("unused-rules", "--output", "json").stdout);
  const stated = rows.filter((row) => row.status === "unused" || row.status === "unattached");
  expect(stated.length).toBeLessThan(rows.length);
  expect(failed.stderr).toMatch(
    new RegExp(`^--fail-on unused-rules: ${stated.length} findings\n--fail-on mismatches: \\d+ findings\n$`),
  );
  const everything = exempt(
    "all.json",
    stated.map((row) => ({ finding: row.finding_id, ...why("2999-12-31") })),
  );
  expect(report("--fail-on", "unused-rules", "--exemptions", everything).code).toBe(0);
  const expired = exempt(
    "old.json",
    stated.map((row) => ({ finding: row.finding_id, ...why("2020-12-31") })),
  );
  const back = report("--fail-on", "unused-rules", "--exemptions", expired);
  expect(back.code).toBe(1);
  expect(report("--fail-on", "no_data,unexpected_accept").stderr).toBe("--fail-on no_data: 13 records\n");
});

test("against a baseline only what is new fails, and what is gone is listed", () => {
  const before = rowsOf(report("unused-rules", "--output", "json").stdout);
  writeFileSync(
    file("before.json"),
    JSON.stringify([
      ...before.filter((row) => row.rule_id !== STALE[0]),
      { ...before[0], rule_id: "sgr-removed-since", finding_id: "x" },
    ]),
  );
  const run = report(
    "unused-rules",
    "--output",
    "json",
    "--baseline",
    file("before.json"),
    "--fail-on",
    "unused-rules",
  );
  expect(run.code).toBe(1);
  const still = before.filter((row) => row.status === "unused" || row.status === "unattached").length - 1;
  expect(run.stderr).toBe(
    `note: against the baseline: 1 new, 1 gone, ${still} still\n--fail-on unused-rules: 1 finding\n`,
  );
  const states = new Map(rowsOf(run.stdout).map((row) => [row.rule_id, row.baseline]));
  expect(states.get(STALE[0])).toBe("new");
  expect(states.get(STALE[1])).toBe("still");
  expect(states.get("sgr-removed-since")).toBe("gone");
  // The evidence file itself is a baseline too, and so is the SARIF of the same reports.
  expect(report("--fail-on", "unused-rules,unexpected_reject", "--baseline", db).code).toBe(0);
  expect(report("--output", "sarif", "-o", file("audit.sarif")).code).toBe(0);
  expect(report("--fail-on", "unused-rules", "--baseline", file("audit.sarif")).code).toBe(0);
  const other = report("--fail-on", "scan-slow", "--baseline", file("audit.sarif"));
  expect(other).toMatchObject({ code: 2 });
  expect(other.stderr).toContain("the earlier run did not check scan-slow");
});

test("findings of lint travel in the same forms, with exemptions, a baseline and --fail-on", () => {
  const lint = (...args: string[]) => flowreplay(["lint", "--model", CONFIG, ...args]);
  const sarif = JSON.parse(lint("--output", "sarif").stdout) as {
    runs: [{ results: { ruleId: string; locations: Row[] }[] }];
  };
  expect(sarifProblems(sarif)).toEqual([]);
  const [{ results }] = sarif.runs;
  expect(results.map((one) => one.ruleId)).toContain("nacl-entry-shadowed");
  for (const { locations } of results) {
    expect(JSON.stringify(locations)).toMatch(
      /"artifactLocation":\{"uri":"[^"]+\.json"\},"region":\{"startLine":\d+\}/,
    );
  }
  expect(ocsfProblems(JSON.parse(lint("--output", "ocsf").stdout) as { class_uid: number }[])).toEqual([]);
  expect(lint("--output", "asff")).toMatchObject({ code: 2, stdout: "" });
  const asff = lint("--output", "asff", "--region", "eu-central-1");
  expect(asffProblems(JSON.parse(asff.stdout))).toEqual([]);

  const failed = lint("--output", "json", "--fail-on", "nacl-entry-shadowed,high");
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("--fail-on nacl-entry-shadowed: 1 finding\n");
  const rows = rowsOf(failed.stdout);
  expect(new Set(rows.map((row) => row.finding_id)).size).toBe(rows.length);
  writeFileSync(file("lint.json"), failed.stdout);
  expect(lint("--fail-on", "info", "--baseline", file("lint.json")).code).toBe(0);
  expect(lint("--fail-on", "info", "--baseline", CONFIG).code).toBe(0);
  const grave = rows.filter((row) => row.severity === "high");
  const exemptions = exempt(
    "lint-exemptions.json",
    grave.map((row) => ({ finding: row.finding_id, ...why("2999-01-01") })),
  );
  const exempted = lint("--fail-on", "high", "--exemptions", exemptions);
  expect(exempted.code).toBe(0);
  expect(grave.length).toBe(1);
  expect(exempted.stderr).toContain("note: 1 finding suppressed by exemptions");
  expect(lint("--fail-on", "nothing").stderr).toContain("lint has no check nothing");
});

test("replay holds its findings against exemptions and an earlier evidence file", () => {
  const args = [
    "replay",
    sample("production-vpc/v5"),
    "--model",
    CONFIG,
    "--db",
    file("second.duckdb"),
    "--min-days",
    "0",
  ];
  expect(flowreplay([...args, "--fail-on", "unused-rules", "--baseline", db]).code).toBe(0);
  const again = flowreplay([...args, "--fail-on", "unused-rules"]);
  expect(again.code).toBe(1);
  expect(flowreplay([...args, "--exemptions", file("some.json")])).toMatchObject({
    code: 2,
    stderr: "flowreplay: --exemptions needs --fail-on\n",
  });
  expect(flowreplay([...args, "--fail-on", "undecided", "--baseline", file("second.duckdb")]).stderr).toContain(
    "is the evidence file that the replay writes",
  );
}, 60_000);

test("silence for want of records is no all-clear", () => {
  const args = ["replay", sample("production-vpc/v5"), "--model", CONFIG, "--db", file("sums.duckdb"), "--no-flows"];
  const run = flowreplay([...args, "--fail-on", "mismatches"]);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("--fail-on mismatches needs single records, but the evidence file has none");
  expect(flowreplay(["report", "--db", file("sums.duckdb"), "--fail-on", "mismatch-summary"]).code).toBe(1);
}, 60_000);

test.each([
  [["rule-usage", "--output", "sarif"], "rule-usage lists facts and has no findings"],
  [["unused-rules", "--show-suppressed"], "--show-suppressed needs --exemptions"],
  [["unused-rules", "--output", "asff", "--account", "12"], "give the 12 digits of an account"],
  [["unused-rules", "--exemptions", "no-such-file"], "exemptions no-such-file: ENOENT"],
])("%j is refused in one line", (args, message) => {
  const { stdout, stderr, code } = report(...args);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
});

test("pseudonymised findings name nothing real", () => {
  writeFileSync(file("secret"), "0123456789abcdef0123456789abcdef");
  const { stdout, code } = report("unused-rules", "--output", "sarif", "--pseudonymise", file("secret"));
  expect(code).toBe(0);
  expect(sarifProblems(JSON.parse(stdout))).toEqual([]);
  for (const rule of STALE) expect(stdout).not.toContain(rule);
  expect(stdout).not.toContain("security-group-rules.json");
});
