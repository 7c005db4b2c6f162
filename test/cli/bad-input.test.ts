import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { createEvidence } from "../helpers/evidence.ts";
import { withFolder } from "../helpers/folder.ts";

const SAMPLE = fileURLToPath(new URL("../../samples/two-records/", import.meta.url));
const RECORDS = readFileSync(join(SAMPLE, "flow.log"), "utf8");
const NOISE = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7919 + (at >> 3) * 104_729) & 255));

/** What stands in the folder of a case: the good log, and copies of the model with something wrong. */
function prepare(folder: string): void {
  const write = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content);
  write("flow.log", RECORDS);
  for (const name of ["empty", "nothing", "no-interfaces", "twice", "cut"]) mkdirSync(join(folder, name));
  write("nothing/other.json", '{"Something":[1]}');
  write("cut/groups.json", '{"SecurityGroups":[');
  for (const name of ["good", "no-interfaces", "twice"])
    cpSync(join(SAMPLE, "config"), join(folder, name), { recursive: true });
  write("no-interfaces/network-interfaces.json", '{"NetworkInterfaces":[]}');
  const acls = readFileSync(join(SAMPLE, "config/network-acls.json"), "utf8");
  write("twice/network-acls.json", acls.replace('"RuleNumber": 32767', '"RuleNumber": 100'));
  write("text.duckdb", "hello");
}

/** For the runs that are refused: they leave nothing behind. */
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "flowreplay-test-"));
  prepare(folder);
  await createEvidence(join(folder, "other.duckdb"), "update schema_info set version = 999");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Verdict {
  readonly code: number;
  readonly stderr: RegExp;
}

/** One line that says what is wrong, at most one hint, no stack; nothing on stdout. */
const refused = (message: string): Verdict => ({
  code: 2,
  stderr: new RegExp(`^flowreplay: .*${message}.*\\n(hint: .+\\n)?$`),
});

test.each<[string, string[], Verdict]>([
  ["missing path", ["none.log"], refused("no such file or folder: none.log")],
  ["empty folder", ["empty"], refused("no flow log file in empty")],
  ["unknown kind of source", ["ftp://host/x"], refused("unknown kind of source: ftp://host/x")],
  ["missing model", ["flow.log", "--model", "none"], refused("none: no such file or folder")],
  ["model without any known JSON", ["flow.log", "--model", "nothing"], refused("nothing: no describe-\\* JSON in it")],
  ["cut JSON", ["flow.log", "--model", "cut"], refused("groups.json: not valid JSON")],
  ["rule number twice", ["flow.log", "--model", "twice"], refused("/NetworkAcls/0/Entries/1: rule number 100")],
  ["folder of the database", ["flow.log", "--db", "none/a.duckdb"], refused("cannot write none/a.duckdb")],
  ["folder as the database", ["flow.log", "--db", "empty"], refused("cannot write empty")],
  ["no database", ["flow.log", "--db", "text.duckdb"], refused("text.duckdb.*not a valid DuckDB database")],
  ["other database", ["flow.log", "--db", "other.duckdb"], refused("other.duckdb has evidence schema 999")],
  ["unknown field", ["flow.log", "--fields", "version srcadr"], refused('unknown flow log field "srcadr"')],
  ["no time", ["flow.log", "--from", "yesterday"], refused("'yesterday' is invalid")],
  ["window of nothing", ["flow.log", "--from", "2026-02-01", "--to", "2026-01-01"], refused("--from .* after --to")],
  ["unknown report to fail on", ["flow.log", "--fail-on", "nothing"], refused("no report named nothing")],
])("%s: could not run", (_name, args, { code, stderr }) => {
  const before = readdirSync(folder);
  const run = flowreplay(["replay", "--model", "good", ...args], { cwd: folder });
  expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: "" });
  expect(run.stderr).toMatch(stderr);
  expect(readdirSync(folder)).toEqual(before);
  expect(readFileSync(join(folder, "text.duckdb"), "utf8")).toBe("hello");
});

test("a model that cannot be read ends the run at once, however long a named pipe is silent", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const { code, stdout, stderr } = flowreplay(["replay", "pipe", "--model", "cut"], { cwd: folder, timeout: 20_000 });
  rmSync(pipe);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/groups\.json: not valid JSON/);
  expect(readdirSync(folder)).not.toContain("flowreplay.duckdb");
});

const FOUND = `select (select count(*)::int from flows where agreement = 'agree') as records,
  (select coalesce(list(distinct reason order by reason), []) from bad_lines) as bad`;
const TGW = "version resource-type tgw-id tgw-attachment-id srcaddr dstaddr start end log-status\n";

test.each<[string, string | Buffer, { code: number; records: number; bad: string[] }]>([
  ["empty file", "", { code: 3, records: 0, bad: [] }],
  ["only a header", "version account-id interface-id\n", { code: 3, records: 0, bad: [] }],
  ["binary garbage", NOISE, { code: 3, records: 0, bad: ["binary_data"] }],
  ["Windows line ends", RECORDS.replaceAll("\n", "\r\n"), { code: 0, records: 2, bad: [] }],
  ["no newline at the end", RECORDS.trimEnd(), { code: 0, records: 2, bad: [] }],
  ["a line of 10 MB", `${"x".repeat(1e7)}\n${RECORDS}`, { code: 0, records: 2, bad: ["line_too_long"] }],
  ["gzip of gzip", gzipSync(gzipSync(RECORDS)), { code: 0, records: 2, bad: [] }],
  [
    "a zip bomb",
    gzipSync(RECORDS + "\0".repeat(3e8)),
    { code: 0, records: 2, bad: ["inflated_too_large", "line_too_long"] },
  ],
  ["truncated gzip", gzipSync(RECORDS).subarray(0, -20), { code: 0, records: 1, bad: ["truncated_gzip"] }],
  [
    "transit gateway records",
    `${TGW}6 TransitGateway tgw-1 tgw-attach-1 10.0.0.1 10.0.0.2 1 2 OK\n`,
    { code: 3, records: 0, bad: ["transit_gateway_record"] },
  ],
  [
    "bad lines among good ones",
    `nonsense\n${RECORDS}2 1 eni-abc123 10.0.1.999 10.0.0.1 1 2 6 1 1 1 2 ACCEPT OK\n`,
    { code: 0, records: 2, bad: ["invalid_address", "wrong_field_count"] },
  ],
])("%s: counted, the rest is judged", async (_name, content, expected) => {
  await withFolder(async (cwd) => {
    prepare(cwd);
    writeFileSync(join(cwd, "case.log"), content);
    const { code, stderr } = flowreplay(["replay", "case.log", "--model", "good"], { cwd });
    const [found] = JSON.parse(flowreplay(["query", FOUND, "--output", "json"], { cwd }).stdout) as object[];
    const { records, bad } = expected;
    expect({ code, stderr, ...found }).toEqual({ code: expected.code, stderr: "", records, bad });
  });
});

test("a model without interfaces: every record is kept, unmodelled, and nothing was judged", async () => {
  await withFolder(async (cwd) => {
    prepare(cwd);
    writeFileSync(join(cwd, "no-interfaces", "other.json"), '{"Something":[1]}');
    const { code, stderr } = flowreplay(["replay", "flow.log", "--model", "no-interfaces"], { cwd });
    const sql = "select agreement, count(*)::int as records from flows group by all";
    const found: unknown = JSON.parse(flowreplay(["query", sql, "--output", "json"], { cwd }).stdout);
    expect({ code, found }).toEqual({ code: 3, found: [{ agreement: "unmodelled", records: 2 }] });
    expect(stderr).toContain(
      "note: no network interfaces in the model, every record will be unmodelled: no-interfaces\n",
    );
    expect(stderr).toMatch(/^note: JSON of another kind, set aside: no-interfaces.other\.json$/m);
  });
});

test("names that attack the terminal, a spreadsheet or a page stay text", async () => {
  await withFolder(async (cwd) => {
    prepare(cwd);
    const hostile = "=1+1\u001b]0;x\u0007<script>alert(1)</script>|\u202e";
    const groups = readFileSync(join(cwd, "good/security-groups.json"), "utf8");
    writeFileSync(
      join(cwd, "good/security-groups.json"),
      groups.replaceAll('"GroupName": "app"', `"GroupName": ${JSON.stringify(hostile)}`),
    );
    const outputs = [
      ["replay", "flow.log", "--model", "good"],
      ["lint", "--model", "good"],
    ];
    for (const format of ["table", "csv", "markdown", "json"])
      outputs.push(["report", "rule-usage", "--output", format]);
    outputs.push(["query", "select owner_name from rules", "--output", "table"]);
    const texts = outputs.map((args) => flowreplay(args, { cwd }).stdout);
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    for (const text of texts) expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(texts[6]).toContain("=1+1\\x1b]0;x\\x07<script>");
    const [csv, markdown, json] = [texts[3], texts[4], texts[5]];
    expect(csv).toContain(",'=1+1");
    expect(markdown).not.toContain("<script>");
    expect((JSON.parse(json) as { owner_name: string }[]).map((row) => row.owner_name)).toContain(hostile);
  });
});

test("a file that may not be read is named", async () => {
  await withFolder(async (cwd) => {
    prepare(cwd);
    chmodSync(join(cwd, "flow.log"), 0o000);
    chmodSync(cwd, 0o777);
    // Root may read everything: become nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const run = flowreplay(["replay", "flow.log", "--model", "good"], { cwd, ...nobody });
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 2, stdout: "" });
    expect(run.stderr).toMatch(/^flowreplay: .*flow\.log.*(permission|EACCES)/i);
  });
});

test("standard input is read every time, a file once", async () => {
  await withFolder(async (cwd) => {
    prepare(cwd);
    const totals = ["flow.log", "flow.log", "-", "-"].map((source) => {
      expect(flowreplay(["replay", source, "--model", "good"], { cwd, input: RECORDS }).code).toBe(0);
      const sql = "select sum(records)::int as records from sources";
      return JSON.parse(flowreplay(["query", sql, "--output", "json"], { cwd }).stdout) as unknown;
    });
    expect(totals).toEqual([2, 2, 4, 6].map((records) => [{ records }]));
  });
});
