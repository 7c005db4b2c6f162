import { DEFAULT_FIELDS } from "./fields.ts";
import { createJsonCutter } from "./json-values.ts";
import { createLineDecoder, type LineDecoderOptions } from "./line-decoder.ts";
import { columnsNamed, createNamedRows } from "./named-rows.ts";
import type { ObjectDecoder } from "./object-decoder.ts";

/** What CloudWatch Logs sends to try a subscription. */
const CONTROL_MESSAGE = "CWL CONTROL MESSAGE";

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Decodes JSON in the shapes that flow logs come in: subscription documents and answers of `aws logs` (lists of events
 * with a `message`, query results), lines with a `message` (Firehose), strings, and objects keyed by field names. The
 * line of a record is its number among the records of the object.
 */
export function createJsonDecoder(options: LineDecoderOptions): ObjectDecoder {
  const expected = options.fields ?? DEFAULT_FIELDS;
  const lines = createLineDecoder(options);
  const rows = createNamedRows(lines);
  let number = 0;
  // Objects of one file have the same keys: the columns are worked out once.
  let keys = "";
  let known = false;

  const message = (text: string): void => {
    if (text.startsWith(CONTROL_MESSAGE)) return;
    if (keys !== "") lines.useFields(expected);
    keys = "";
    lines.text(text.trimEnd(), ++number);
  };

  const named = (names: readonly string[], values: readonly unknown[], value: unknown): void => {
    const key = names.join("\n");
    if (key !== keys) {
      const columns = columnsNamed(names, []);
      known = columns !== null;
      keys = key;
      if (columns) rows.use(columns);
    }
    number++;
    if (known) rows.row(values, number);
    else lines.badText(number, "unknown_json", JSON.stringify(value));
  };

  const object = (value: JsonObject): void => {
    const events = [value.logEvents, value.events].find((list) => Array.isArray(list));
    if (Array.isArray(events)) for (const event of events) item(event);
    else if (typeof value.message === "string") message(value.message);
    else if (typeof value["@message"] === "string") message(value["@message"]);
    else named(Object.keys(value), Object.values(value), value);
  };

  const item = (value: unknown): void => {
    if (typeof value === "string") message(value);
    else if (Array.isArray(value)) {
      // A row of query results: [{"field": "srcAddr", "value": "10.0.0.1"}, …].
      const cells = value.filter(isObject);
      named(
        cells.map((cell) => String(cell.field)),
        cells.map((cell) => cell.value),
        value,
      );
    } else if (isObject(value)) object(value);
    else lines.badText(++number, "unknown_json", JSON.stringify(value));
  };

  const cutter = createJsonCutter({
    value(text) {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        lines.badText(++number, "invalid_json", text);
        return;
      }
      item(value);
    },
    bad: (reason, text) => lines.badText(++number, reason, text),
  });

  return {
    push: (chunk) => cutter.push(chunk),
    finish() {
      const rest = cutter.finish();
      if (rest !== "") lines.badText(++number, "invalid_json", rest);
      lines.rows.flush();
    },
    abort(reason) {
      lines.badText(++number, reason, cutter.finish());
      lines.rows.flush();
    },
    get records() {
      return lines.records;
    },
    get badLines() {
      return lines.badLines;
    },
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
