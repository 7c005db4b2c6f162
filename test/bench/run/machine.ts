import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { version as duckdbVersion } from "@duckdb/node-api";

/** What the numbers depend on, in lines. */
export function describeMachine(): string {
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `${cpus()[0].model.trim()}, ${availableParallelism()} cores, ${memory} GiB, ${platform()} ${release()}`,
    `Node ${process.version}, DuckDB ${duckdbVersion()}, commit ${commit()}`,
    `${new Date().toISOString().slice(0, 10)}, load average ${loadavg()[0].toFixed(1)} at the start`,
  ].join("\n");
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : " with changes");
  } catch {
    return "unknown";
  }
}
