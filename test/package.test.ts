import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./helpers/documents.ts";
import { withFolder } from "./helpers/folder.ts";
import { announceSkip } from "./helpers/skip.ts";

const PACKED =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(js|d\.ts)|dist\/store\/empty\.duckdb|dist\/bundle\/LICENSES\.txt|dist\/report\/html\/page\/style\.css|queries\/((views\/)?[\w-]+\.sql|README\.md)|src\/(\w+\/)?README\.md|samples\/.+\.(md|json|log|log\.gz))$/;

/** `npm` without its scripts: the build that the other tests run on stays as it is. */
function npm(args: readonly string[], cwd: string): { stdout: string; stderr: string; code: number | null } {
  const options = { cwd, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } } as const;
  const { stdout, stderr, status } = spawnSync(
    "npm",
    [...args, "--ignore-scripts", "--no-audit", "--no-fund"],
    options,
  );
  return { stdout, stderr, code: status };
}

test("the packed tarball holds what it needs and nothing else, and works where it is installed", async () => {
  await withFolder(async (folder) => {
    const packed = npm(["pack", "--json", "--pack-destination", folder], ROOT);
    expect(packed.code, packed.stderr).toBe(0);
    const [{ filename, files }] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[];
    const paths = files.map((file) => file.path);
    expect(paths.filter((path) => !PACKED.test(path))).toEqual([]);
    // What the compiler made of a source that is gone would be packed, too.
    const sourceOf = (path: string): string => path.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)$/, ".ts");
    const compiled = paths.filter((path) => /^dist\/(?!bundle\/|store\/empty\.duckdb$)/.test(path));
    const stale = compiled.filter((path) => !existsSync(join(ROOT, sourceOf(path))));
    expect(stale, "stale files in dist/: remove it and build again").toEqual([]);

    const app = join(folder, "app");
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), '{"private":true}');
    const install = ["install", join(folder, filename)];
    let installed = npm([...install, "--offline"], app);
    if (installed.code !== 0 && process.env.CI === "true") installed = npm(install, app);
    if (installed.code !== 0 && process.env.CI !== "true") {
      return announceSkip("running the installed package", "npm's cache does not hold its dependencies");
    }
    expect(installed.code, installed.stderr).toBe(0);
    const bin = join(app, "node_modules/.bin/flowreplay");
    expect(statSync(bin).mode & 0o111).not.toBe(0);
    const sample = join(app, "node_modules/flowreplay/samples/two-records");
    const args = ["replay", join(sample, "flow.log"), "--model", join(sample, "config")];
    const run = spawnSync(bin, args, { cwd: app, encoding: "utf8" });
    expect({ code: run.status, stderr: run.stderr }).toEqual({ code: 0, stderr: "" });
    expect(run.stdout).toMatch(/^2 records of 1 interface/);
    const report = spawnSync(bin, ["report", "unused-rules", "--output", "csv"], { cwd: app, encoding: "utf8" });
    expect(report.stdout).toMatch(/^rule_id,status/);
  });
});
