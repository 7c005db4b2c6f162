import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { RENDERERS, type OutputFormat } from "../../src/report/renderers/formats.ts";
import { textWidth } from "../../src/report/renderers/renderer.ts";
import type { Plain, ResultStream } from "../../src/store/evidence-query.ts";

const PLAIN = { width: 80, style: { bold: (text: string) => text, dim: (text: string) => text } };

function result(columns: readonly [string, string][], rows: readonly Plain[][]): ResultStream {
  const chunks = async function* () {
    for (const row of rows) yield [row];
  };
  return { columns: columns.map(([name, type]) => ({ name, type })), chunks: chunks() };
}

async function render(format: OutputFormat, columns: [string, string][], rows: Plain[][], width = 80): Promise<string> {
  let text = "";
  for await (const piece of RENDERERS[format](result(columns, rows), { ...PLAIN, width })) text += piece;
  return text;
}

const HOSTILE = "\u001b[31mred\u009b2J\u202e<img src=x onerror=alert(1)>|`a`\n[x](javascript:1)";

test("json is one array of row objects without raw control characters", async () => {
  const columns: [string, string][] = [
    ["__proto__", "VARCHAR"],
    ["n", "BIGINT"],
    ["list", "VARCHAR[]"],
    ["none", "VARCHAR"],
  ];
  const text = await render("json", columns, [
    [HOSTILE, 3, ["a"], null],
    ["b", 4, [], null],
  ]);
  // oxlint-disable-next-line no-control-regex
  expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  const [first] = JSON.parse(text) as unknown[];
  expect(Object.entries(first as object)).toEqual([
    ["__proto__", HOSTILE],
    ["n", 3],
    ["list", ["a"]],
    ["none", null],
  ]);
  expect(await render("json", columns, [])).toBe("[]\n");
});

test.each([
  ["=1+1", "'=1+1"],
  ["+cmd", "'+cmd"],
  ["-2", "'-2"],
  ["@x", "'@x"],
  ["\t=1", "'\\t=1"],
  ["＝1", "'＝1"],
  [-2, "-2"],
  [["=a", "b"], "'=a;b"],
  ['say "x", y', '"say ""x"", y"'],
  ["\u001b[0m", "\\x1b[0m"],
  [null, ""],
])("csv cell %j", async (value, expected) => {
  expect(
    await render(
      "csv",
      [
        ["a", "VARCHAR"],
        ["b", "VARCHAR"],
      ],
      [[value as Plain, "z"]],
    ),
  ).toBe(`a,b\n${expected},z\n`);
});

test("markdown keeps hostile text as text", async () => {
  const text = await render(
    "markdown",
    [
      ["a_b", "VARCHAR"],
      ["n", "BIGINT"],
    ],
    [[HOSTILE, 1]],
  );
  expect(text.split("\n")).toHaveLength(4);
  expect(text).toContain("| --- | ---: |");
  expect(text).toContain("&lt;img src=x onerror=alert(1)&gt;\\|\\`a\\`\\\\n\\[x\\](javascript:1)");
});

describe("table", () => {
  test("aligns wide text, right-aligns numbers with separators, names times in short", async () => {
    const text = await render(
      "table",
      [
        ["name", "VARCHAR"],
        ["connections", "UBIGINT"],
        ["srcport", "USMALLINT"],
        ["first_hit", "TIMESTAMP"],
      ],
      [
        ["漢字", 1234567, 49761, "2026-11-01T09:00:00Z"],
        ["ab", 5, 22, null],
      ],
    );
    expect(text).toBe(
      [
        "name  connections  srcport  first_hit",
        "────  ───────────  ───────  ───────────────────",
        "漢字    1,234,567    49761  2026-11-01 09:00:00",
        "ab              5       22",
        "",
      ].join("\n"),
    );
  });

  test.each([80, 40, 20])("fits %d columns, never cuts an id, says what is left out", async (width) => {
    const names = ["rule_id", "description", "peer_id", "distinct_ports", "comment", "more", "last_one"];
    const row = [
      "sgr-0123456789abcdef0",
      "x".repeat(300),
      "eni-0123456789abcdef0",
      123456,
      "漢".repeat(90),
      HOSTILE,
      "y".repeat(50),
    ];
    const columns = names.map((name): [string, string] => [name, name === "distinct_ports" ? "BIGINT" : "VARCHAR"]);
    const text = await render("table", columns, [row], width);
    for (const line of text.split("\n"))
      if (!line.startsWith("not shown")) expect(stringWidth(line)).toBeLessThanOrEqual(width);
    expect(text).not.toContain("\u001b");
    if (width >= 40) expect(text).toContain("sgr-0123456789abcdef0");
    expect(text).toContain("not shown for lack of width:");
    expect(text).toContain("last_one");
  });

  test("a narrow table shows the preferred columns that fit, in their order, and names the others", async () => {
    const result = {
      columns: ["object", "line", "cause", "address", "time"].map((name) => ({ name, type: "VARCHAR" })),
      chunks: (async function* () {
        yield [["o".repeat(60), "7", "late_packet", "10.0.0.1", "2026-11-01 09:00:00"]];
      })(),
    };
    const options = { width: 40, style: { bold: String, dim: String }, narrow: ["cause", "time", "address", "line"] };
    let text = "";
    for await (const piece of RENDERERS.table(result, options)) text += piece;
    expect(text.split("\n")).toEqual([
      "cause        time                 line",
      "───────────  ───────────────────  ────",
      "late_packet  2026-11-01 09:00:00  7",
      "not shown for lack of width: object,",
      "  address",
      "",
    ]);
  });

  test("an empty result and one longer than the measured part", async () => {
    expect(await render("table", [["a", "VARCHAR"]], [])).toBe("(no rows)\n");
    const rows = Array.from({ length: 5000 }, (_, index) => [index < 4000 ? "ab" : "abcdef"]);
    const lines = (await render("table", [["a", "VARCHAR"]], rows)).trimEnd().split("\n");
    expect(lines).toHaveLength(5002);
    expect(lines.at(-1)).toBe("a…");
  });
});

test("plain text has the same width as by the tables of Unicode", () => {
  for (let code = 0x20; code < 0x7f; code++) expect(textWidth(String.fromCodePoint(code))).toBe(1);
  for (const code of [0x2026, ...Array.from({ length: 0xa0 }, (_, at) => 0x2500 + at)]) {
    const text = `a${String.fromCodePoint(code)}b`;
    expect(textWidth(text), text).toBe(stringWidth(text));
  }
  for (const text of ["", "größe", "日本", "e\u0301", "👩‍👧", "\u001b[31mred"]) {
    expect(textWidth(text)).toBe(stringWidth(text));
  }
});
