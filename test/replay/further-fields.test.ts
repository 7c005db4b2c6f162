import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { FURTHER_FIELDS } from "../../src/decode/further-fields.ts";
import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";

const HEADER =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const COLUMNS = FURTHER_FIELDS.map((name) => name.replaceAll("-", "_"));
const record = (port: number, peer = "10.0.0.9"): string =>
  `11 123456789012 eni-1 ${peer} ${peer.includes(":") ? "::1" : "10.0.0.1"} ${port} 22 6 1 40 1741000000 1741000060 ACCEPT OK`;
const value = (name: string, set: number): string =>
  name === "traffic-path" || name === "encryption-status" ? String(set) : `${name}.${set}`;
const rest = (set: number | null): string =>
  FURTHER_FIELDS.map((name) => (set === null ? "-" : value(name, set))).join(" ");

/** By source port: the values of the further fields, and whether a record has none. */
function stored(db: string): Record<string, unknown>[] {
  const sql = `select srcport, line, ${COLUMNS.map((name) => `"${name}"`).join(", ")} from flows order by srcport`;
  const { stdout, stderr } = flowreplay(["query", sql, "--db", db, "--output", "json"]);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Record<string, unknown>[];
}

const expectedRow = (srcport: number, line: number, set: number | null): object => ({
  srcport,
  line,
  ...Object.fromEntries(
    FURTHER_FIELDS.map((name, at) => {
      const text = set === null ? null : value(name, set);
      return [COLUMNS[at], text !== null && /^\d+$/.test(text) ? Number(text) : text];
    }),
  ),
});

test("every field of a record can be queried, in later runs, judged again and pruned, too", async () => {
  await withFolder(async (folder) => {
    const path = (name: string): string => join(folder, name);
    const names = FURTHER_FIELDS.join(" ");
    // Fields from the third line on only, then without them; an IPv6 record; a record of no values.
    const first = [
      HEADER,
      record(1),
      `${HEADER} ${names}`,
      `${record(2)} ${rest(1)}`,
      `${record(3)} ${rest(2)}`,
      `${record(4)} ${rest(1)}`,
      `${record(5, "2001:db8::9")} ${rest(2)}`,
      `${record(6)} ${rest(null)}`,
      HEADER,
      record(7),
    ];
    writeFileSync(path("one.log"), `${first.join("\n")}\n`);
    // The fields in another order are the same sets.
    const reversed = FURTHER_FIELDS.toReversed();
    const second = [
      `${HEADER} ${reversed.join(" ")}`,
      ...[1, 3].map((set) => `${record(10 + set)} ${reversed.map((name) => value(name, set)).join(" ")}`),
    ];
    writeFileSync(path("two.log"), `${second.join("\n")}\n`);
    const expected = [
      expectedRow(1, 2, null),
      expectedRow(2, 4, 1),
      expectedRow(3, 5, 2),
      expectedRow(4, 6, 1),
      expectedRow(5, 7, 2),
      expectedRow(6, 8, null),
      expectedRow(7, 10, null),
      expectedRow(11, 2, 1),
      expectedRow(13, 3, 3),
    ];
    const replay = (...args: string[]): void => {
      expect(flowreplay(["replay", ...args])).toMatchObject({ code: 0 });
    };
    replay(path("one.log"), path("two.log"), "--db", path("at-once.duckdb"));
    expect(stored(path("at-once.duckdb"))).toEqual(expected);
    replay(path("one.log"), "--db", path("in-runs.duckdb"));
    replay(path("two.log"), "--db", path("in-runs.duckdb"));
    expect(stored(path("in-runs.duckdb"))).toEqual(expected);
    replay(path("in-runs.duckdb"), "--db", path("again.duckdb"));
    expect(stored(path("again.duckdb"))).toEqual(expected);
    expect(flowreplay(["prune", "--older-than", "2025-01-01T00:00Z", "--db", path("again.duckdb")])).toMatchObject({
      code: 0,
    });
    expect(stored(path("again.duckdb"))).toEqual(expected);
  });
});
