import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { BATCH_ROWS } from "../../src/decode/flow-batch.ts";
import { decodeText } from "./collect.ts";
import { HEADER, SSH, sshRow, withField } from "./examples.ts";

describe("the text decoder", () => {
  const lines = [
    HEADER,
    SSH,
    `${SSH}\r`,
    withField("bytes", "5000000000"),
    "",
    "rubbish",
    withField("srcaddr", "::1"),
    withField("interface-id", "eni-1"),
    `2024-12-20T18:23:02.000Z ${SSH}`,
    "interface-id account-id srcaddr dstaddr",
    "eni-1 1 10.0.0.1 10.0.0.2",
    `${"y".repeat(66_000)}`,
  ];

  it("gives the same batches for any cut", () => {
    const text = fc.array(fc.constantFrom(...lines), { maxLength: 60 }).map((parts) => parts.join("\n"));
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (text, positions) => {
        const cuts = positions.map((position) => position % (text.length + 1)).sort((left, right) => left - right);
        const whole = decodeText(text);
        const cut = decodeText(text, undefined, cuts);
        expect(cut.rows).toEqual(whole.rows);
        expect(cut.bad).toEqual(whole.bad);
      }),
      { numRuns: 300 },
    );
  });

  it("takes chunks that are shorter than what the scanner reads ahead", () => {
    const fields = ["interface-id", "srcaddr", "dstaddr"];
    const text = "\neni-1 10.0.0.1 10.0.0.2\n\neni-1 10.0.0.1 10.0.0.2\n";
    const whole = decodeText(text, fields);
    expect(whole.rows.map((row) => row.line)).toEqual([2, 4]);
    for (let cut = 0; cut < text.length; cut++) {
      for (let length = 1; length < 40; length++) {
        expect(decodeText(text, fields, [cut, Math.min(cut + length, text.length)]).rows).toEqual(whole.rows);
      }
    }
  });

  it("fills every batch but the last, whatever the cuts", () => {
    const text = `${SSH}\n`.repeat(BATCH_ROWS * 2 + 10);
    for (const cuts of [[], [7], Array.from({ length: 100 }, (_, index) => index * 19_999)]) {
      const { sizes, rows } = decodeText(text, undefined, cuts);
      expect(sizes).toEqual([BATCH_ROWS, BATCH_ROWS, 10]);
      expect(rows.at(-1)?.line).toBe(BATCH_ROWS * 2 + 10);
    }
  });

  it("reports a text that broke off instead of reading half a number", () => {
    const { decoder, bad } = decodeText("");
    decoder.push(Buffer.from(`${SSH}\n${SSH.slice(0, 50)}`));
    decoder.abort("truncated_gzip");
    expect(bad).toEqual([{ line: 2, reason: "truncated_gzip", text: SSH.slice(0, 50) }]);
    expect(decoder.totals().records).toBe(1);
  });

  it("drops an endless line in bounded memory and goes on behind it", () => {
    const long = "x".repeat(10 << 20);
    for (const cuts of [[], Array.from({ length: 160 }, (_, index) => (index + 1) << 16)]) {
      const { rows, bad } = decodeText(`${long}\n${SSH}\n${long}`, undefined, cuts);
      expect(bad).toEqual([1, 3].map((line) => ({ line, reason: "line_too_long", text: "x".repeat(200) })));
      expect(rows).toEqual([{ ...sshRow, line: 2 }]);
    }
  });
});
