import stringWidth from "string-width";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";

export interface RenderOptions {
  /** Columns of the terminal; 80 where there is none. */
  readonly width: number;
  readonly style: Style;
  /** Columns of a table that has no room for all of them, the most telling first; else its first ones are shown. */
  readonly narrow?: readonly string[];
}

/** How to mark text on a terminal; the identity where there are no colours. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
}

/** Turns rows into pieces of text, in order. Only `table` looks at the options. */
export type Renderer = (result: ResultStream, options: RenderOptions) => AsyncIterable<string>;

// Terminals obey C0, DEL and C1; the bidirectional marks reorder what stands around them (CVE-2021-42574).
// oxlint-disable-next-line no-control-regex -- these are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Log text and tags come from strangers: what a terminal would obey is shown as an escape instead. */
export function visible(text: string): string {
  return text.replace(CONTROL, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** JSON text in which no control character stands raw; `JSON.stringify` leaves DEL, C1 and the bidirectional marks. */
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

/** ASCII, and what the tables are drawn with: a cell each. */
const PLAIN = /^[\x20-\x7e…─-▟]*$/;

/** Cells that a text takes in a terminal. Nearly all text is plain, and spares the tables of Unicode (60 ms to begin with). */
export function textWidth(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}
