import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { GROUPS, loadCatalogue } from "../src/report/catalogue.ts";
import { flowreplay } from "./helpers/cli.ts";
import { withFolder } from "./helpers/evidence.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const README = read("README.md");

/** Rows of the table under a header whose first cell is `first`: their cells, without the back quotes. */
function table(first: string): string[][] {
  const after = README.split(`\n| ${first} |`)[1];
  expect(after, `a table that begins with ${first}`).toBeDefined();
  const rows = after.split("\n").slice(2);
  const end = rows.findIndex((row) => !row.startsWith("|"));
  return rows.slice(0, end).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
const names = (first: string): string[] =>
  table(first)
    .flatMap(([cell]) => quoted(cell))
    .sort();

/** The members of a union of strings in the source, which is gone at run time. */
function union(file: string, type: string): string[] {
  const text = read(file).split(`export type ${type} =`)[1].split(";")[0];
  return [...text.matchAll(/"(\w+)"/g)].map((match) => match[1]).sort();
}

test.each([
  ["decision", "Decision"],
  ["verdict", "Verdict"],
  ["agreement", "Agreement"],
  ["cause", "Cause"],
])("the README defines every %s, and no other", (header, type) => {
  expect(names(header)).toEqual(union("src/evaluate/judgement.ts", type));
});

test("the README lists every report in its group", () => {
  const catalogue = loadCatalogue();
  const listed = Object.fromEntries(table("group").map(([group, reports]) => [group, quoted(reports).sort()]));
  const known = GROUPS.map((group): [string, string[]] => {
    return [group, catalogue.filter((report) => report.group === group).map((report) => report.name)];
  });
  expect(listed).toEqual(Object.fromEntries(known));
});

test("the README names every command and every runtime dependency", () => {
  const commands = readdirSync(join(ROOT, "src/cli/commands"));
  const documented = names("command").map((usage) => usage.split(" ")[1]);
  expect(documented.sort()).toEqual(commands.map((file) => file.replace(/\.ts$/, "")).sort());
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
  expect(names("package")).toEqual(Object.keys(dependencies).sort());
});

test("what the README shows is what its line prints", async () => {
  const [shown] = README.split("```\n$ flowreplay ")[1].split("```");
  const [line, ...output] = shown.split("\n");
  await withFolder(async (folder) => {
    const run = flowreplay([...line.split(" "), "--db", join(folder, "evidence.duckdb")], { cwd: ROOT });
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 0, stdout: output.join("\n") });
  });
});
