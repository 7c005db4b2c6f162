import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { GROUPS, loadCatalogue } from "../src/report/catalogue.ts";
import { SNAPSHOT_ACTIONS } from "../src/source/snapshot.ts";
import { flowreplay } from "./helpers/cli.ts";
import { names, quoted, read, ROOT, section, table } from "./helpers/documents.ts";
import { withFolder } from "./helpers/folder.ts";

const packageJson = JSON.parse(read("package.json")) as Record<"dependencies" | "scripts", Record<string, string>>;

/** Every Markdown file of the project. */
const DOCUMENTS = ["src", "queries", "samples", "test"]
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  )
  .filter((path) => path.endsWith(".md"))
  .concat("README.md", "CHANGELOG.md", "CONTRIBUTING.md");

/** The members of a union of strings in the source, which is gone at run time. */
function union(file: string, type: string): string[] {
  const text = read(file).split(`export type ${type} =`)[1].split(";")[0];
  return [...text.matchAll(/"(\w+)"/g)].map((match) => match[1]).sort();
}

describe("the documentation names what there is, and nothing else", () => {
  test.each([
    ["decision", "Decision"],
    ["verdict", "Verdict"],
    ["agreement", "Agreement"],
    ["cause", "Cause"],
  ])("every %s", (header, type) => {
    expect(names(read("src/evaluate/README.md"), header)).toEqual(union("src/judgement.ts", type));
  });

  test.each(GROUPS)("every report of the group %s, with its parameters", (group) => {
    const documented = table(section(read("queries/README.md"), group), "report").map(
      ([report, , parameters]): [string, string[]] => [quoted(report)[0], quoted(parameters)],
    );
    const known = loadCatalogue().filter((report) => report.group === group);
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries(
        known.map(({ name, parameters }) => [
          name,
          parameters.map((one) => (one.default === null ? one.name : `${one.name}=${one.default}`)),
        ]),
      ),
    );
  });

  test("every command", () => {
    const commands = readdirSync(join(ROOT, "src/cli/commands")).map((file) => file.replace(/\.ts$/, ""));
    const documented = names(read("README.md"), "command").map((usage) => usage.split(" ")[1]);
    expect(documented.sort()).toEqual(commands.sort());
  });

  test("every runtime dependency", () => {
    expect(names(read("README.md"), "package")).toEqual(Object.keys(packageJson.dependencies).sort());
  });

  test("every script", () => {
    const documented = names(read("test/README.md"), "script").flatMap(
      (line) => /^npm (?:run )?([\w:]+)$/.exec(line)?.[1] ?? [],
    );
    const scripts = Object.keys(packageJson.scripts).filter((name) => !name.startsWith("pre"));
    expect(documented.sort()).toEqual(scripts.sort());
  });

  test("every permission that a snapshot needs", () => {
    const policy = [...section(read("src/model/README.md"), "Permissions").matchAll(/"(ec2:\w+)"/g)];
    expect(policy.map(([, action]) => action).sort()).toEqual([...SNAPSHOT_ACTIONS].sort());
  });
});

test("the map of src/ names every room and root file, and only modules that exist", () => {
  const map = read("src/README.md");
  const rooms = readdirSync(join(ROOT, "src"), { withFileTypes: true })
    .filter(({ name }) => name !== "README.md")
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  expect(
    table(map, "room")
      .flatMap(([cell]) => quoted(cell))
      .sort(),
  ).toEqual(rooms.sort());
  const modules = quoted(map).filter((name) => /^[\w./-]+\.(?:ts|sql|md|json)$/.test(name));
  const lives = (name: string): boolean => ["src", ""].some((folder) => existsSync(join(ROOT, folder, name)));
  expect(modules.filter((name) => !lives(name))).toEqual([]);
});

test.each(DOCUMENTS)("the links of %s lead somewhere", (path) => {
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-");
  for (const [, link] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [file, fragment] = link.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    expect(existsSync(join(ROOT, target)), `${link} in ${path}`).toBe(true);
    if (fragment === undefined) continue;
    const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading));
    expect(headings, `${link} in ${path}`).toContain(fragment);
  }
});

test("the output in the README is what its command prints", async () => {
  const [shown] = read("README.md").split("```\n$ flowreplay ")[1].split("```");
  const [line, ...output] = shown.split("\n");
  await withFolder(async (folder) => {
    const run = flowreplay([...line.split(" "), "--db", join(folder, "evidence.duckdb")], { cwd: ROOT });
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 0, stdout: output.join("\n") });
  });
});
