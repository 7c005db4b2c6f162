import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBytes } from "./collect.ts";

const HEADER =
  "version,account_id,interface_id,srcaddr,dstaddr,srcport,dstport,protocol,packets,bytes,start,end,action,log_status";
const CELLS = "2,123456789012,eni-1,10.0.0.1,10.0.0.2,40000,443,6,10,840,1620000000,1620000060,ACCEPT,OK";
const QUOTED = CELLS.replaceAll(/[^,]+/g, '"$&"');
const lineAndPort = (rows: readonly { line: number; dstPort: number | null }[]) =>
  rows.map((row) => [row.line, row.dstPort]);

describe("CSV", () => {
  const cases: [string, string, number[], object[]][] = [
    ["byte order mark, CRLF, blank rows", `\u{feff}${HEADER}\r\n\r\n,,,,,,,,,,,,,\r\n${CELLS}\r\n`, [4], []],
    ["quoted and plain rows mixed", `${HEADER}\n${QUOTED}\n${CELLS}`, [2, 3], []],
    ["a cell of two lines", `comment,${HEADER}\n"one\ntwo",${CELLS}\nx,${CELLS}\n`, [2, 4], []],
    ["escaped quotes", `comment,${HEADER}\n"say ""hi""",${CELLS}\n`, [2], []],
    ["a stray quote in a cell", `comment,${HEADER}\nfive" pipe,${CELLS}\nx,${CELLS}\n`, [2, 3], []],
    [
      "a header in the middle, columns in another order",
      `${HEADER}\n${CELLS}\ninterface_id,dstport,srcport\neni-1,443,2\n`,
      [2, 4],
      [],
    ],
    ["an account id from a spreadsheet", `${HEADER}\n${CELLS.replace("123456789012", "6.02485E+11")}\n`, [2], []],
    [
      "header cells that a spreadsheet replaced",
      `Column1,${HEADER.slice(8).replace("dstport", "Port")}\n${CELLS}\n`,
      [2],
      [],
    ],
    [
      "a row that is too short",
      `${HEADER}\n2,1\n${CELLS}\n`,
      [3],
      [{ line: 2, reason: "wrong_field_count", text: "2 1" }],
    ],
    ["a row that is too long", `${HEADER}\n${CELLS},9\n`, [], [{ line: 2, reason: "wrong_field_count" }]],
    [
      "a bad value",
      `${HEADER}\n${CELLS.replace("10.0.0.1", "10.0.0.256")}\n${CELLS}`,
      [3],
      [{ line: 2, reason: "invalid_address" }],
    ],
    [
      "a value of two words",
      `${HEADER}\n${CELLS.replace("10.0.0.1", "10.0.0.1 22")}\n`,
      [],
      [{ line: 2, reason: "invalid_address" }],
    ],
    [
      "a quote that nothing closes",
      `${HEADER}\n"${CELLS}\n${`${CELLS}\n`.repeat(3)}`,
      [3, 4, 5],
      [{ line: 2, reason: "invalid_csv", text: `"${CELLS}` }],
    ],
    [
      "a row without end",
      `${HEADER}\n${"x".repeat(200_000)}\n${CELLS}\n`,
      [3],
      [{ line: 2, reason: "line_too_long", text: "x".repeat(200) }],
    ],
  ];
  it.each(cases)("%s", async (_, content, lines, expectedBad) => {
    const { rows, bad } = await decodeBytes(content);
    expect(bad).toMatchObject(expectedBad);
    expect(bad).toHaveLength(expectedBad.length);
    expect(lineAndPort(rows)).toEqual(lines.map((line) => [line, 443]));
  });

  it("closes a quote over many rows, within the limit of a line", async () => {
    const { rows, bad } = await decodeBytes(`${HEADER}\n"${CELLS}\n${`${CELLS}\n`.repeat(2000)}`);
    expect(bad).toMatchObject([{ line: 2, reason: "invalid_csv" }]);
    expect(rows).toHaveLength(2000);
  });

  it("means the same for any chunks", async () => {
    const parts = [HEADER, CELLS, QUOTED, `"${CELLS}`, "", "1,2", `"a\nb",2`, `${"y".repeat(70_000)}`, 'x"y,2'];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...parts), { maxLength: 20 }),
        fc.integer({ min: 100, max: 9999 }),
        async (rows, size) => {
          const content = `${HEADER}\n${rows.join("\n")}`;
          expect(await decodeBytes(content, undefined, size)).toEqual(await decodeBytes(content, undefined, 1 << 20));
        },
      ),
      { numRuns: 100 },
    );
  });
});
