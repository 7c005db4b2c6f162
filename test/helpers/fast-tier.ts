import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import { vi } from "vitest";

/** Keeps the fast tier fast: a test that starts a process, opens a connection or loads DuckDB fails. */
function refuse(what: string): never {
  throw new Error(`the fast tier must not ${what}: name the file *.slow.test.ts (test/README.md)`);
}

for (const name of ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"] as const) {
  Object.assign(childProcess, { [name]: () => refuse("start a process") });
}
Socket.prototype.connect = () => refuse("open a connection");
syncBuiltinESMExports();
vi.mock("@duckdb/node-api", () => refuse("load DuckDB"));
