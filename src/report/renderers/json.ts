import type { Plain, ResultStream } from "../../store/reader.ts";
import { safeJson } from "./renderer.ts";

/** One array of row objects, a row a line. */
export async function* renderJson(result: ResultStream): AsyncGenerator<string> {
  const names = result.columns.map((column) => column.name);
  let separator = "[\n";
  for await (const chunk of result.chunks) {
    let text = "";
    for (const row of chunk) {
      text += `${separator}${safeJson(rowObject(names, row))}`;
      separator = ",\n";
    }
    if (text !== "") yield text;
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}

/** `fromEntries` defines own properties, so a column named `__proto__` stays a column. */
export function rowObject(names: readonly string[], row: readonly Plain[]): Record<string, Plain> {
  return Object.fromEntries(names.map((name, index) => [name, row[index]]));
}
