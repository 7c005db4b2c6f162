import { rmSync } from "node:fs";
import { DuckDBInstance, quotedString } from "@duckdb/node-api";

/** Types of the Parquet objects that AWS delivers; all others are text. */
const TYPES: Readonly<Record<string, string>> = {
  version: "integer",
  srcport: "integer",
  dstport: "integer",
  protocol: "integer",
  packets: "bigint",
  bytes: "bigint",
  start: "bigint",
  end: "bigint",
};

/** Puts a Parquet object in the place of each default-format object: names with underscores, gzip pages, null for `-`. */
export async function packAsParquet(objects: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const object of objects) {
    const text = `read_csv(${quotedString(object)}, delim = ' ', header = true, all_varchar = true, quote = '', nullstr = '-')`;
    const names = (await connection.runAndReadAll(`from ${text} limit 0`)).columnNames();
    const columns = names.map((name) => `"${name}"::${TYPES[name] ?? "varchar"} as "${name.replaceAll("-", "_")}"`);
    const target = quotedString(object.replace(/\.gz$/, ".parquet"));
    await connection.run(
      `copy (select ${columns.join(", ")} from ${text}) to ${target} (format parquet, compression gzip)`,
    );
    rmSync(object);
  }
  connection.closeSync();
  instance.closeSync();
}
