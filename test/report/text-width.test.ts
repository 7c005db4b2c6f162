import stringWidth from "string-width";
import { expect, test } from "vitest";
import { textWidth } from "../../src/report/renderers/renderer.ts";

test("the short way gives the widths of the long one", () => {
  for (let code = 0x20; code < 0x7f; code++) expect(textWidth(String.fromCodePoint(code))).toBe(1);
  for (const code of [0x2026, ...Array.from({ length: 0xa0 }, (_, at) => 0x2500 + at)]) {
    const text = `a${String.fromCodePoint(code)}b`;
    expect(textWidth(text), text).toBe(stringWidth(text));
  }
  for (const text of ["", "größe", "日本", "e\u0301", "👩‍👧", "\u001b[31mred"]) {
    expect(textWidth(text)).toBe(stringWidth(text));
  }
});
