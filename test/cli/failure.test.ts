import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { describeFailure } from "../../src/cli/failure.ts";
import { AppError } from "../../src/errors.ts";
import { MAIN } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";

test.each([
  ["Cannot find module '@duckdb/node-bindings-linux-x64/duckdb.node'\nRequire stack:\n- /a/duckdb.js", "linux-x64"],
  ["Error loading duckdb native binding: unsupported arch 'mips' for platform 'linux'", "mips"],
  ["/lib/libc.so.6: version `GLIBC_2.33' not found (required by /a/duckdb.node)", "GLIBC_2.33"],
])("DuckDB's native part that cannot be loaded is one line and a hint: %j", (message, named) => {
  const { text, exitCode } = describeFailure(new Error(message));
  expect(text).toMatch(/^flowreplay: DuckDB cannot be loaded: .+\nhint: .+\n$/);
  expect(text).toContain(named);
  expect(exitCode).toBe(2);
});

/** As if npm had left the package for this platform out. */
const WITHOUT_NATIVE_PART = `
  const Module = require("node:module");
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    if (!request.startsWith("@duckdb/node-bindings-")) return resolve.call(this, request, ...rest);
    throw Object.assign(new Error("Cannot find module '" + request + "'"), { code: "MODULE_NOT_FOUND" });
  };`;

test.each([[["replay", "empty.log"]], [["query", "select 1"]], [["prune", "--older-than", "1d"]]])(
  "%j without DuckDB's native part: one line and a hint, no trace",
  async (args) => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, "empty.log"), "");
      writeFileSync(join(folder, "hook.cjs"), WITHOUT_NATIVE_PART);
      const command = ["--require", join(folder, "hook.cjs"), MAIN, ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/^flowreplay: DuckDB cannot be loaded: .+\nhint: .+\n$/);
    });
  },
);

test("any other error is a bug, and keeps its trace", () => {
  const { text } = describeFailure(new Error("Cannot find module './replay.js'"));
  expect(text).toMatch(/^flowreplay: internal error, please report it with this trace\nError: Cannot find .*\n +at /);
});

test("what a message quotes from its input cannot steer the terminal", () => {
  const { text } = describeFailure(new AppError("E_SOURCE", "no file named \u001b[2J", { hint: "\u0007" }));
  // oxlint-disable-next-line no-control-regex -- none of these is to be found
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});
