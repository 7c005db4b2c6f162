import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBytes } from "./collect.ts";

/** Whatever happens to a line, it is a record or a bad line: nothing is lost, and nothing counted twice. */

const NAMES =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status".split(
    " ",
  );
const record = (n: number): string[] =>
  `2 123456789012 eni-${n % 7} 10.0.0.${n % 250} 10.0.0.2 ${40000 + n} 22 6 10 840 1620000000 1620000060 ACCEPT OK`.split(
    " ",
  );
const ROWS = 40;
const RUNS = 300 * Number(process.env.FLOWREPLAY_RUNS ?? 1);

const damage = fc.record({
  line: fc.nat({ max: ROWS - 1 }),
  at: fc.nat({ max: 400 }),
  kind: fc.constantFrom("replace", "insert", "delete", "cut", "double", "swap"),
  // Line ends make other lines, blanks and marks of a comment none.
  char: fc.constantFrom(..."2-.,;\"'{}[]()\\|:=/\t é\u0000\u001b\u{1f600}".split(""), "\ud83d", "eni-", "null", '""'),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(line: string, { at: place, kind, char }: Damage): string {
  const at = place % Math.max(1, line.length);
  switch (kind) {
    case "replace":
      return line.slice(0, at) + char + line.slice(at + 1);
    case "insert":
      return line.slice(0, at) + char + line.slice(at);
    case "delete":
      return line.slice(0, at) + line.slice(at + 1 + (place % 5));
    case "cut":
      return line.slice(0, at);
    case "double":
      return line + line.slice(at);
    default:
      return line.slice(at) + line.slice(0, at);
  }
}

const isCounted = (line: string): boolean => line.trim() !== "" && !line.trimStart().startsWith("#");

async function countsOf(content: string): Promise<{ counted: number; lines: number[] }> {
  const { rows, bad } = await decodeBytes(content, undefined, 997);
  return { counted: rows.length + bad.length, lines: [...rows, ...bad].map(({ line }) => line) };
}

describe("nothing is lost", () => {
  it("of text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { maxLength: 12 }), async (damages) => {
        const lines = Array.from({ length: ROWS }, (_, n) => record(n).join(" "));
        for (const one of damages) lines[one.line] = damaged(lines[one.line], one);
        const { counted, lines: found } = await countsOf([NAMES.join(" "), ...lines, ""].join("\n"));
        expect(counted).toBe(lines.filter(isCounted).length);
        expect(new Set(found).size).toBe(found.length);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([[","], [";"], ["\t"]])("of tables, quoted or not: %j", async (delimiter) => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { maxLength: 6 }), fc.boolean(), async (damages, quoted) => {
        const row = (cells: readonly string[]): string =>
          cells.map((cell) => (quoted ? `"${cell}"` : cell)).join(delimiter);
        const lines = Array.from({ length: ROWS }, (_, n) => row(record(n)));
        for (const one of damages) lines[one.line] = damaged(lines[one.line], one);
        const isBlank = (line: string): boolean => line.replaceAll(/[\s",;]/g, "") === "";
        const content = [row(NAMES), ...lines, ""].join("\n");
        const { counted } = await countsOf(content);
        expect(counted).toBeGreaterThanOrEqual(lines.filter((line) => !isBlank(line)).length);
        expect(counted).toBeLessThanOrEqual(lines.length);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([[true], [false]])("of JSON, a value a line, messages: %s", async (messages) => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { maxLength: 6 }), async (damages) => {
        const value = (cells: readonly string[]): object =>
          messages
            ? { message: cells.join(" "), t: { a: [1] } }
            : Object.fromEntries(cells.map((cell, at) => [NAMES[at], cell]));
        const lines = Array.from({ length: ROWS }, (_, n) => JSON.stringify(value(record(n))));
        for (const one of damages) lines[one.line] = damaged(lines[one.line], one);
        // Its first character tells the format.
        if (!lines[0].startsWith("{")) return;
        const { counted } = await countsOf(lines.join("\n"));
        expect(counted).toBeGreaterThanOrEqual(lines.filter((line) => line.trim() !== "").length);
      }),
      { numRuns: RUNS },
    );
  });
});
