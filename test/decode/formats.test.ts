import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { decodeBytes, type Row } from "./collect.ts";
import { FORMATS, tableOf } from "./rewrite.ts";

const SAMPLES = fileURLToPath(new URL("../../samples/", import.meta.url));

const withoutLine = (rows: readonly Row[]): Row[] => rows.map((row) => ({ ...row, line: 0 }));

function firstObject(folder: string): string {
  const name = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".gz"))
    .sort()[0];
  const [header, ...lines] = gunzipSync(readFileSync(join(folder, name)))
    .toString()
    .trimEnd()
    .split("\n");
  // Every IPv6, NODATA and SKIPDATA record, and some of the others.
  return [header, ...lines.filter((line, index) => index < 300 || /:|DATA/.test(line))].join("\n");
}

describe.each(["production-vpc/v2", "production-vpc/v5", "nacl-ephemeral/v5"])("the records of %s", (sample) => {
  const text = firstObject(join(SAMPLES, sample));
  const table = tableOf(text);

  it.each(Object.entries(FORMATS))("are the same as %s", async (_, [rewrite, mustTell]) => {
    const expected = await decodeBytes(text);
    expect(expected.bad).toEqual([]);
    const content = rewrite(table);
    const fields = mustTell ? table.names : undefined;
    const { rows, bad } = await decodeBytes(content, fields);
    expect(bad).toEqual([]);
    expect(withoutLine(rows)).toEqual(withoutLine(expected.rows));
    // Lines go up, so that each record has a place of its own.
    expect(rows.every((row, index) => index === 0 || row.line > rows[index - 1].line)).toBe(true);
    expect(await decodeBytes(gzipSync(content), fields, 7)).toEqual({ rows, bad });
  });
});
