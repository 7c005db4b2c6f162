import { openSync, readSync, closeSync } from "node:fs";
import { gunzipSync, constants } from "node:zlib";
import { quotedString } from "@duckdb/node-api";

/** Types of the fields that are not text. */
const TYPES: Readonly<Record<string, string>> = {
  version: "utinyint",
  srcport: "usmallint",
  dstport: "usmallint",
  protocol: "utinyint",
  packets: "ubigint",
  bytes: "ubigint",
  start: "uinteger",
  end: "uinteger",
  "tcp-flags": "utinyint",
  "traffic-path": "utinyint",
};

const HEAD_BYTES = 1 << 16;

/**
 * A table function over flow log objects, told all that it could otherwise have to guess: every column typed, no quotes,
 * `-` is null.
 */
export function duckdbSource(objects: readonly string[]): string {
  const files = `[${objects.map((path) => quotedString(path)).join(", ")}]`;
  if (objects[0].endsWith(".parquet")) return `read_parquet(${files})`;
  const columns = headerOf(objects[0]).map((field) => `'${field}': '${TYPES[field] ?? "varchar"}'`);
  return `read_csv(${files}, auto_detect = false, header = true, delim = ' ', quote = '', escape = '', nullstr = '-',
    compression = 'gzip', columns = {${columns.join(", ")}})`;
}

function headerOf(object: string): string[] {
  const head = new Uint8Array(HEAD_BYTES);
  const file = openSync(object, "r");
  readSync(file, head);
  closeSync(file);
  const text = gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }).toString("latin1");
  return text.slice(0, text.indexOf("\n")).split(" ");
}
