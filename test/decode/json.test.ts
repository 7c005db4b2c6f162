import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBytes } from "./collect.ts";

const SSH = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 40000 22 6 10 840 1620000000 1620000060 ACCEPT OK";
const event = JSON.stringify({ message: SSH });
const list = (events: string, key = "logEvents"): string =>
  `{"messageType":"DATA_MESSAGE","${key}":[${events}],"owner":"1"}`;

describe("JSON", () => {
  const cases: [string, string, number[], object[]][] = [
    [
      "a control message",
      `{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"CWL CONTROL MESSAGE: Checking health"}]}`,
      [],
      [],
    ],
    ["messages with a line end", JSON.stringify({ message: `${SSH}\n` }), [1], []],
    ["a byte order mark and blank lines", `\u{feff}\n\n${event}\n\n${event}\n`, [1, 2], []],
    ["no separator at all", `${event}${event}${list(event)}`, [1, 2, 3], []],
    ["escaped quotes and brackets in strings", `{"note":"\\"}]","message":"${SSH}"}\n${event}`, [1, 2], []],
    [
      "a line that broke off within a string",
      `${event}\n${event.slice(0, 40)}\n${event}\n`,
      [1, 3],
      [{ line: 2, reason: "invalid_json", text: event.slice(0, 40) }],
    ],
    [
      "a line that broke off between values",
      `${event}\n{"a":1,\n${event}\n`,
      [1, 3],
      [{ line: 2, reason: "invalid_json", text: '{"a":1,' }],
    ],
    [
      "a document that broke off",
      list(`${event},${event},${event.slice(0, 30)}`).slice(0, -14),
      [1, 2],
      [{ line: 3, reason: "invalid_json" }],
    ],
    [
      "text between values",
      `${event}\nsome text {\n${event}\n`,
      [1, 3],
      [{ line: 2, reason: "invalid_json", text: "some text {" }],
    ],
    [
      "values that are no records",
      `${event}\n{"a":1}\n{}\n[1]\n${event}`,
      [1, 5],
      [
        { line: 2, reason: "unknown_json", text: '{"a":1}' },
        { line: 3, reason: "unknown_json", text: "{}" },
        { line: 4, reason: "invalid_json", text: "1" },
      ],
    ],
    [
      "bad messages",
      list(`${event},{"message":"hello"},{"message":7},null,${event}`),
      [1, 5],
      [
        { line: 2, reason: "wrong_field_count", text: "hello" },
        { line: 3, reason: "unknown_json", text: '{"message":7}' },
        { line: 4, reason: "invalid_json", text: "null" },
      ],
    ],
    [
      "transit gateway records",
      list(JSON.stringify({ message: "6 TransitGateway 123456789012 tgw-1 tgw-attach-1" })),
      [],
      [{ reason: "transit_gateway_record" }],
    ],
    [
      "keys that would touch a prototype",
      `{"__proto__":{"x":1},"constructor":1,"toString":2}`,
      [],
      [{ line: 1, reason: "unknown_json" }],
    ],
    [
      "values of other kinds",
      `{"interface_id":"eni-1","srcaddr":["10.0.0.1"],"dstaddr":"10.0.0.2"}\n{"interface_id":true,"srcaddr":"10.0.0.1","dstaddr":{"a b":1}}`,
      [],
      [
        { line: 1, reason: "invalid_address" },
        { line: 2, reason: "invalid_address" },
      ],
    ],
    ["brackets without end", "[".repeat(100_000), [], [{ line: 1, reason: "json_too_deep" }]],
    ["some brackets without end", "[".repeat(50), [], [{ line: 1, reason: "invalid_json" }]],
    ["a long value without end", `{"a":"${"x".repeat(17 << 20)}`, [], [{ line: 1, reason: "json_too_long" }]],
  ];
  it.each(cases)("%s", async (_, content, lines, expectedBad) => {
    const { rows, bad } = await decodeBytes(content);
    expect(bad).toMatchObject(expectedBad);
    expect(bad).toHaveLength(expectedBad.length);
    expect(rows.map((row) => row.line)).toEqual(lines);
  });

  it("reads ports as floats, absent values as null, empty text or nothing", async () => {
    const base = { interface_id: "eni-1", srcaddr: "10.0.0.1", dstaddr: "::1", action: "REJECT" };
    const content = `[${[
      { ...base, dstaddr: "10.0.0.2", srcport: 25238.5 },
      { ...base, dstaddr: null },
      { ...base, dstaddr: "" },
    ]
      .map((value) => JSON.stringify(value))
      .join(", ")}, {"interface_id":"eni-1","srcport":25238.0,"dstport":"22.0"}]`;
    const { rows, bad } = await decodeBytes(content);
    expect(bad).toMatchObject([{ line: 1, reason: "invalid_number" }]);
    expect(rows).toMatchObject([
      { line: 2, src: null, dst: null, action: "REJECT" },
      { line: 3, src: null, dst: null, action: "REJECT" },
      { line: 4, srcPort: 25238, dstPort: 22, action: null },
    ]);
  });

  it("gives up a value of more than 16 MiB and goes on behind it", async () => {
    const { rows, bad } = await decodeBytes(`${event}\n{"message":"${"x".repeat(17 << 20)}"}\n${event}\n`);
    expect(bad).toMatchObject([{ line: 2, reason: "json_too_long" }]);
    expect(rows.map((row) => row.line)).toEqual([1, 3]);
  });

  it.each([
    ["[", "]"],
    ['{"a":', "}"],
    ['{"logEvents":[', "]}"],
  ])("gives up what is nested without end and goes on behind it: %s", async (open, close) => {
    const deep = `{"version":${open.repeat(20_000)}1${close.repeat(20_000)}}`;
    const { rows, bad } = await decodeBytes(`${event}\n${deep}\n${event}\n`);
    expect(bad).toMatchObject([{ line: 2, reason: "json_too_deep" }]);
    expect(rows.map((row) => row.line)).toEqual([1, 3]);
  });

  it("means the same for any chunks", async () => {
    const parts = [
      event,
      `{"a":${"[".repeat(150)}${"]".repeat(150)}}`,
      list(event),
      list(`${event},\n${event}`, "events"),
      event.slice(0, 30),
      "{",
      "]",
      '"',
      "[",
      "text",
      `"${SSH}"`,
      '{"a":[{}]}',
      list(`[${event}]`, "results"),
    ];
    const text = fc.array(fc.tuple(fc.constantFrom(...parts), fc.constantFrom("", "\n", ",", " ")), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 200 }), async (values, size) => {
        const content = `${event}${values.flat().join("")}`;
        expect(await decodeBytes(content, undefined, size)).toEqual(await decodeBytes(content));
      }),
      { numRuns: 300 },
    );
  });
});
