import stringWidth from "string-width";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";

export interface RenderOptions {
  /** Columns of the terminal; 80 where there is none. */
  readonly width: number;
  readonly style: Style;
  /** The columns of a table without room for all, the most important first; by default its first columns. */
  readonly narrow?: readonly string[];
}

/** How to mark text on a terminal; the identity without colours. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
}

/** Turns rows into pieces of text. Only `table` uses the options. */
export type Renderer = (result: ResultStream, options: RenderOptions) => AsyncIterable<string>;

// Terminals obey C0, DEL and C1; bidirectional marks reorder the text around them (CVE-2021-42574).
// oxlint-disable-next-line no-control-regex -- the rule is about these
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Shows control characters as escapes, because log text and tags are not trusted. */
export function visible(text: string): string {
  return text.replace(CONTROL, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** JSON without raw control characters; `JSON.stringify` leaves DEL, C1 and the bidirectional marks. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    CONTROL,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One cell as text: lists joined, objects as JSON, absent as empty. Not yet `visible`. */
export function cellText(value: Plain, separator = ", "): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((item) => cellText(item as Plain, separator)).join(separator);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function isNumeric(type: string): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/.test(type);
}

/** ASCII and the characters that tables are drawn with: one cell each. */
const PLAIN = /^[\x20-\x7e…─-▟]*$/;

/** Width of a text in terminal cells. Plain text, nearly all of it, needs no Unicode tables, which take 60 ms to load. */
export function textWidth(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}
