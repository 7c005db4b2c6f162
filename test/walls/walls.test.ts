import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Wall {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  readonly except?: readonly string[];
}

const config = JSON.parse(readFileSync(join(ROOT, ".oxlintrc.json"), "utf8")) as {
  overrides: { files: string[]; rules: Record<string, unknown> }[];
};
const walls = new Map<string, Wall>();
for (const { files, rules } of config.overrides) {
  const rule = rules["walls/may-import"] as [string, Wall] | undefined;
  if (rule) for (const file of files) walls.set(file.replace(/^src\//, "").replace(/\/\*\*$|\.ts$/, ""), rule[1]);
}
const inSrc = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter(({ name }) => !name.endsWith(".md"));
const roomNames = [...new Set(inSrc.map(({ name }) => name.replace(/\.ts$/, "")))];

/** Every way to reach another module. `$` stands for its address. */
const KINDS: Readonly<Record<string, string>> = {
  "an import": `import { a } from "$";\nexport const b = a;\n`,
  "an import for its effect": `import "$";\n`,
  "a type-only import": `import type { A } from "$";\nexport type B = A;\n`,
  "a type by import()": `export type B = import("$").A;\n`,
  "a dynamic import": `export const b = (): unknown => import("$");\n`,
  "a re-export": `export { a } from "$";\n`,
  "a re-export of everything": `export * from "$";\n`,
};
const BY_STRING: Readonly<Record<string, string>> = {
  "a worker's URL": `import { Worker } from "node:worker_threads";\nexport const b = new Worker(new URL("$", import.meta.url));\n`,
  "a string that names a module": `export const b = "$";\n`,
  "a template that names a module": "export const b = `$`;\n",
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "walls-"));
  cpSync(join(ROOT, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  cpSync(join(ROOT, "test/walls/walls.js"), join(folder, "test/walls/walls.js"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plants the modules and returns those that the gate refuses. */
function refused(planted: ReadonlyMap<string, string>): Set<string> {
  rmSync(join(folder, "src"), { recursive: true, force: true });
  for (const [path, text] of planted) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  let output: string;
  try {
    output = execFileSync(process.execPath, [join(ROOT, "node_modules/oxlint/bin/oxlint"), "--format=json"], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  const { diagnostics } = JSON.parse(output) as { diagnostics: { code: string; filename: string }[] };
  return new Set(diagnostics.filter(({ code }) => code.startsWith("walls(")).map(({ filename }) => filename));
}

/** A planted module for each kind of import of each target, flat in its room and in a folder of it. */
function plant(
  targets: (room: string, wall: Wall) => readonly string[],
  kinds: Readonly<Record<string, string>>,
): Map<string, string> {
  const planted = new Map<string, string>();
  for (const [room, wall] of walls) {
    const isFile = inSrc.some(({ name }) => name === `${room}.ts`) && !inSrc.some(({ name }) => name === room);
    for (const target of targets(room, wall)) {
      for (const [at, text] of Object.values(kinds).entries()) {
        const name = `${target.replaceAll(/[^\w]/g, "-")}-${at}`;
        const address = (up: string): string => (target.endsWith(".ts") ? up + target : target);
        if (isFile) {
          if (at === 0 && target === targets(room, wall)[0])
            planted.set(`src/${room}.ts`, text.replace("$", address("./")));
          continue;
        }
        planted.set(`src/${room}/${name}.ts`, text.replace("$", address("../")));
        planted.set(`src/${room}/inner/${name}.ts`, text.replace("$", address("../../")));
      }
    }
  }
  return planted;
}

test("every room and every root file of src/ has a wall", () => {
  expect([...walls.keys()].sort()).toEqual([...roomNames].sort());
});

test("the gate refuses every kind of import of a room that a wall does not name", () => {
  const planted = plant(
    (room, { rooms }) =>
      roomNames.filter((name) => name !== room && !rooms.includes(name)).map((name) => `${name}/a.ts`),
    { ...KINDS, ...BY_STRING },
  );
  expect(planted.size).toBeGreaterThan(1000);
  const found = refused(planted);
  expect([...planted.keys()].filter((path) => !found.has(path))).toEqual([]);
});

test("the gate refuses every kind of import of a package that a wall does not name", () => {
  const foreign = ["node:child_process", "node:http", "@duckdb/node-api", "@aws-sdk/client-s3", "commander", "zod"];
  const planted = plant((_, { packages }) => foreign.filter((name) => !packages.includes(name)), KINDS);
  const found = refused(planted);
  expect([...planted.keys()].filter((path) => !found.has(path))).toEqual([]);
});

test("the gate lets every room import what its wall names, and itself", () => {
  const planted = plant(
    (room, { rooms, packages }) => [...rooms.map((name) => `${name}/a.ts`), `${room}/b.ts`, ...packages],
    KINDS,
  );
  expect([...refused(planted)]).toEqual([]);
});

test("the plain evaluator imports neither the fast one nor the compiled policy nor the shared answers about peers", () => {
  const planted = new Map([
    ["src/explain/judge.ts", `import { judge } from "../evaluate/judge/judge.ts";\nexport const a = judge;\n`],
    [
      "src/explain/policy.ts",
      `import type { CompiledPolicy } from "../policy/compile.ts";\nexport type A = CompiledPolicy;\n`,
    ],
    ["src/explain/resolve.ts", `import { resolverOf } from "../model/resolve.ts";\nexport const a = resolverOf;\n`],
    ["src/explain/routes.ts", `import { routeTo } from "../model/routes.ts";\nexport const a = routeTo;\n`],
    ["src/explain/detour.ts", `import { judge } from "../net/../evaluate/judge/judge.ts";\nexport const a = judge;\n`],
  ]);
  expect(refused(planted)).toEqual(new Set(planted.keys()));
});

test("no wall names a room or a package that its room does not need", () => {
  const unneeded: string[] = [];
  for (const [room, { rooms, packages }] of walls) {
    const own = inSrc.filter(({ name }) => name.replace(/\.ts$/, "") === room);
    const text = own
      .flatMap((entry) =>
        entry.isDirectory()
          ? readdirSync(join(ROOT, "src", room), { recursive: true }).map((name) => `${room}/${String(name)}`)
          : [entry.name],
      )
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(join(ROOT, "src", name), "utf8"))
      .join("\n");
    for (const name of rooms) if (!new RegExp(`"[./]+/${name}(/|\\.ts)`).test(text)) unneeded.push(`${room}: ${name}`);
    for (const name of packages)
      if (!text.includes(`"${name}`) && !text.includes(`(\`${name}`) && !text.includes(`\`${name}/`))
        unneeded.push(`${room}: ${name}`);
  }
  expect(unneeded).toEqual([]);
});
