import type { Column, Plain, Reader, Result, ResultStream } from "../../store/reader.ts";
import { isNumeric } from "../renderers/renderer.ts";
import type { Pseudonyms } from "./pseudonyms.ts";

/** Columns whose texts are words of this tool or of AWS, never of a stranger: they stay. */
const WORDS: ReadonlySet<string> = new Set(
  `action agreement cause class day decided_by difference direction evidence initiator initiator_evidence interface_type kind
  layer log_status log_type nacl_in nacl_out origin outcome part port protocol protocols reject_reason report scan_kind seen
  severity sg_in sg_out skip started_by state status tool_version traffic_class usage_class verdict weekday window`.split(
    /\s+/,
  ),
);

/** Columns with sentences of our own, in which ids and addresses stand. */
const SENTENCES: ReadonlySet<string> = new Set([
  "reason",
  "suggested_replacement",
  "replacement",
  "example_flow",
  "fact",
  "what",
  "rule",
]);

/** Columns with words of strangers, and what leads their pseudonym. Whatever is listed nowhere is replaced, too. */
const NAMES: Readonly<Record<string, string>> = {
  name: "name",
  owner_name: "group",
  source_name: "name",
  description: "text",
  source_object: "object",
  example_object: "object",
  model: "model",
  origin_file: "file",
};

/** A reader whose every result is pseudonymised: what is built on it cannot know a real name. */
export function pseudonymisedReader(reader: Reader, pseudonyms: Pseudonyms): Reader {
  return {
    async run(sql, parameters) {
      return pseudonymisedResult(await reader.run(sql, parameters), pseudonyms);
    },
    async stream(sql, parameters): Promise<ResultStream> {
      const { columns, chunks } = await reader.stream(sql, parameters);
      const replace = rowReplacer(columns, pseudonyms);
      const replaced = async function* (): AsyncGenerator<Plain[][]> {
        for await (const rows of chunks) yield rows.map(replace);
      };
      return { columns, chunks: replaced() };
    },
    close: () => reader.close(),
  };
}

export function pseudonymisedResult({ columns, rows }: Result, pseudonyms: Pseudonyms): Result {
  return { columns, rows: rows.map(rowReplacer(columns, pseudonyms)) };
}

function rowReplacer(columns: readonly Column[], pseudonyms: Pseudonyms): (row: readonly Plain[]) => Plain[] {
  const replacers = columns.map(({ name, type }) => (keepsType(type) ? null : valueReplacer(name, pseudonyms)));
  return (row) => row.map((value, at) => replacers[at]?.(value) ?? value);
}

function keepsType(type: string): boolean {
  return isNumeric(type.replace(/\[\]$/, "")) || /^(TIMESTAMP|DATE|TIME|BOOLEAN|INTERVAL)/.test(type);
}

function valueReplacer(column: string, pseudonyms: Pseudonyms): ((value: Plain) => Plain) | null {
  if (WORDS.has(column)) return null;
  const text = textReplacer(column, pseudonyms);
  const replace = (value: Plain): Plain => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(replace);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, valueReplacer(key, pseudonyms)?.(item) ?? item]),
    );
  };
  return replace;
}

function textReplacer(column: string, pseudonyms: Pseudonyms): (text: string) => string {
  if (SENTENCES.has(column)) return pseudonyms.scan;
  const kind = Object.hasOwn(NAMES, column) ? NAMES[column] : undefined;
  return kind === undefined ? pseudonyms.id : (text) => pseudonyms.name(text, kind);
}
