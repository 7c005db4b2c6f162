import stringWidth from "string-width";

/** ASCII, and what the tables are drawn with: a cell each. */
const PLAIN = /^[\x20-\x7e…─-▟]*$/;

/** Cells that a text takes in a terminal. Nearly all text is plain, and spares the tables of Unicode (60 ms to begin with). */
export function textWidth(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}
