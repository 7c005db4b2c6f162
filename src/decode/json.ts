import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { createEnvelopeOpener } from "./envelopes.ts";
import { DEFAULT_FIELDS } from "./fields.ts";
import { createJsonCutter } from "./json-cutter.ts";
import { createLineDecoder } from "./line-decoder.ts";
import { columnsNamed, createNamedRows } from "./named-rows.ts";

/**
 * Decodes JSON: values one after the other, in any envelope (envelopes.ts). The line of a record is its number among the
 * records of the object.
 */
export function createJsonDecoder(options: DecoderOptions): ObjectDecoder {
  const expected = options.fields ?? DEFAULT_FIELDS;
  const lines = createLineDecoder(options);
  const rows = createNamedRows(lines);
  let number = 0;
  // Objects of one file have the same keys: the columns are worked out once.
  let keys = "";

  const contents = {
    line(text: string, eventTime: number): void {
      if (keys !== "") lines.useFields(expected);
      keys = "";
      lines.text(text, ++number, eventTime);
    },
    row(names: readonly string[], values: readonly unknown[], eventTime: number): void {
      const key = names.join("\n");
      if (key !== keys) rows.use(columnsNamed(names, [])!);
      keys = key;
      rows.row(values, ++number, eventTime);
    },
    bad: (reason: string, text: string): void => lines.badText(++number, reason, text),
  };

  const open = createEnvelopeOpener(expected.length, contents);

  /** One value, or several that are one to a line if a bracket is missing in one of them. */
  const take = (text: string): void => {
    const value = parsed(text);
    if (value !== undefined) return open(value);
    const each = text.split("\n").filter((line) => line.trim() !== "");
    const values = each.length > 1 ? each.map(parsed) : [];
    if (!values.some((one) => typeof one === "object" && one !== null)) return contents.bad("invalid_json", text);
    for (const [index, one] of values.entries()) {
      if (one === undefined) contents.bad("invalid_json", each[index]);
      else open(one);
    }
  };

  const cutter = createJsonCutter({ value: take, bad: contents.bad });

  return {
    push: (chunk) => cutter.push(chunk),
    finish() {
      const rest = cutter.finish();
      if (rest !== "") take(rest);
      lines.finish();
    },
    abort(reason) {
      contents.bad(reason, cutter.finish());
      lines.finish();
    },
    totals: () => ({ ...lines.totals(), lines: number }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.trim().replace(/,$/, ""));
  } catch {
    return undefined;
  }
}
