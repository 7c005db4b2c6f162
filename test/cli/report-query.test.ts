import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { withEvidence } from "../helpers/evidence.ts";
import { withFolder } from "../helpers/folder.ts";

const BAD_LINES = `
insert into objects (object_id, source_object) values (1, 'a.log'), (2, 'b.log');
insert into bad_line_rows (object_id, line, reason, text) values (1, 7, 'wrong_field_count', chr(27) || '[31m=1+1'), (2, 9, 'wrong_field_count', 'x');
`;

test.each([
  [["repot"], "flowreplay: unknown command 'repot'\nhint: did you mean report?\n"],
  [["report", "--nope"], "flowreplay: unknown option '--nope'\n"],
  [["report", "bad"], "flowreplay: no report named bad\nhint: did you mean bad-lines?\n"],
  [
    ["report", "bad-lines", "--param", "x=1"],
    "flowreplay: no parameter x in bad-lines\nhint: these reports take no parameters\n",
  ],
  [["report", "bad-lines", "--db", "none.duckdb"], "flowreplay: no evidence file at none.duckdb\n"],
  [["query"], "flowreplay: give the SQL as an argument or with -f <file>\n"],
  [["query", "select 1", "--output", "xml"], "flowreplay: option '--output <format>' argument 'xml' is invalid."],
])("%j fails with one line and exit 2", async (args, message) => {
  await withFolder(async (cwd) => {
    const { stdout, stderr, code } = flowreplay(args, { cwd });
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect(stderr.startsWith(message), stderr).toBe(true);
    expect(stderr).not.toContain("    at ");
  });
});

test("version, help and the list of reports need no evidence file", async () => {
  await withFolder(async (cwd) => {
    expect(flowreplay(["--version"], { cwd })).toMatchObject({ stdout: "0.1.0\n", code: 0 });
    expect(flowreplay(["--help"], { cwd }).stdout).toContain("report");
    expect(flowreplay(["report"], { cwd }).stdout).toContain("bad-lines");
    const list = JSON.parse(flowreplay(["report", "--output", "json"], { cwd }).stdout) as { name: string }[];
    expect(list.map((report) => report.name)).toContain("bad-lines");
  });
});

test("prints reports and queries in every format, to stdout or whole to a file", async () => {
  await withEvidence(BAD_LINES, async (path) => {
    const cwd = dirname(path);
    const run = (...args: string[]) => flowreplay([...args, "--db", path], { cwd });
    const table = run("report", "bad-lines").stdout;
    expect(table).toContain("\\x1b[31m=1+1");
    expect(table).not.toContain("\u001b");
    const [row] = JSON.parse(run("report", "bad-lines", "--output", "json").stdout) as object[];
    expect(row).toMatchObject({
      reason: "wrong_field_count",
      lines: 2,
      objects: 2,
      example_object: "a.log",
      example_line: 7,
    });
    const twice = JSON.parse(run("report", "bad-lines", "bad-lines", "--output", "json").stdout) as {
      report: string;
    }[];
    expect(twice.map((each) => each.report)).toEqual(["bad-lines", "bad-lines"]);
    expect(run("report", "bad-lines", "bad-lines", "--output", "csv").code).toBe(2);

    expect(run("query", "select 1 as a", "-o", "out.csv")).toMatchObject({ stdout: "", stderr: "", code: 0 });
    expect(readFileSync(join(cwd, "out.csv"), "utf8")).toBe("a\n1\n");
    expect(run("query", "select error('late') from range(3)", "-o", "out.csv").code).toBe(2);
    expect(readFileSync(join(cwd, "out.csv"), "utf8")).toBe("a\n1\n");
    expect(readdirSync(cwd).filter((name) => name.includes("partial"))).toEqual([]);
    expect(run("query", "select 1", "-o", "no/such/out.csv")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("cannot write"),
    });
    expect(flowreplay(["query", "-f", "-", "--db", path, "--output", "json"], { input: "select 2 as b" }).stdout).toBe(
      '[\n{"b":2}\n]\n',
    );
  });
});

test("a reader that stops early is no failure", async () => {
  await withEvidence("", async (path) => {
    const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
    const command = `"${process.execPath}" "${main}" query "select range from range(2000000)" --db "${path}" --output csv | head -2; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
    expect({ stdout, stderr }).toEqual({ stdout: "range\n0\n0\n", stderr: "" });
  });
});
