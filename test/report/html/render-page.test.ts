import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { embedJson, escapeHtml } from "../../../src/report/html/render-page.ts";
import { linkTo, readLink } from "../../../src/report/html/page/cells.ts";
import { formatBytes, formatStep, formatTime, lastPart } from "../../../src/report/html/page/dom.ts";
import { rowsNaming, selectRows, WHOLE } from "../../../src/report/html/page/table-model.ts";
import { tableBlock } from "../../../src/report/html/table-block.ts";
import type { Plain } from "../../../src/store/evidence-query.ts";

test("embedded JSON comes back as it was and holds nothing that HTML reads", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: "binary" }), (value, text) => {
      const embedded = embedJson([value, text, `</script>${text}<!--`]);
      expect(embedded).not.toContain("<");
      expect(JSON.parse(embedded)).toEqual(JSON.parse(JSON.stringify([value, text, `</script>${text}<!--`])));
    }),
    { numRuns: 300 },
  );
  expect(escapeHtml(`<a b="c" d='e'>&`)).toBe("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
});

test("a link names its subject whatever its text, and nothing else is a link", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("rule", "interface", "source" as const),
      fc.string({ minLength: 1, unit: "grapheme" }),
      (entity, id) => {
        expect(readLink(linkTo({ entity, id }))).toEqual({ entity, id });
      },
    ),
    { numRuns: 300 },
  );
  for (const hash of [
    "",
    "#",
    "#overview",
    "#rule",
    "#rule=",
    "#owner=x",
    "#__proto__=x",
    "rule=x",
    "#rule=%E0%A4%A",
  ]) {
    expect(readLink(hash), hash).toBeNull();
  }
});

describe("a table", () => {
  const columns = [
    { name: "source", type: "VARCHAR" },
    { name: "records", type: "UBIGINT" },
    { name: "owner_name", type: "VARCHAR" },
    { name: "interfaces", type: "VARCHAR[]" },
  ];
  const rows: Plain[][] = [
    ["10.0.0.10", 5, "b", ["eni-1", "eni-2"]],
    ["10.0.0.9", 7, "a", ["eni-2"]],
    [null, null, "b", []],
    ["9.0.0.1", 6, "a", ["eni-12"]],
  ];
  const make = (groupBy?: string) => tableBlock({ columns, rows }, { id: "t", caption: "T", groupBy });
  const pick = async (view: Partial<typeof WHOLE>, groupBy?: string) => [
    ...selectRows(await make(groupBy), { ...WHOLE, ...view }),
  ];

  test.each([
    ["numbers within texts by their value", { sort: { column: "source", descending: false } }, [3, 1, 0, 2]],
    ["turned, absent values stay last", { sort: { column: "records", descending: true } }, [1, 3, 0, 2]],
    ["search in any column, every word", { search: "ENI-2 0.10" }, [0]],
    ["search in numbers", { search: "7" }, [1]],
    ["a picked word is the whole word", { picked: { interfaces: "eni-2" } }, [1]],
    ["nothing asked", {}, [0, 1, 2, 3]],
    ["an unknown column", { sort: { column: "constructor", descending: true } }, [0, 1, 2, 3]],
  ])("%s", async (_, view, expected) => expect(await pick(view)).toEqual(expected));

  test("rows of a group stay together, in the order of the report", async () => {
    expect(await pick({ sort: { column: "records", descending: true } }, "owner_name")).toEqual([0, 2, 1, 3]);
  });

  test("knows who is named in which row, also within lists, never by half a name", async () => {
    const table = await make();
    expect([...rowsNaming(table, "interface", "eni-2")]).toEqual([0, 1]);
    expect([...rowsNaming(table, "interface", "eni-1")]).toEqual([0]);
    expect([...rowsNaming(table, "rule", "eni-1")]).toEqual([]);
  });
});

test("small texts", () => {
  expect([0, 1023, 1024, 5_368_709_120].map(formatBytes)).toEqual(["0 B", "1023 B", "1 KiB", "5 GiB"]);
  expect([60, 5400, 7200, 86_400].map(formatStep)).toEqual(["1 minute", "90 minutes", "2 hours", "1 day"]);
  expect([formatTime(0), formatTime(0, 3600), formatTime(0, 86_400)]).toEqual([
    "1970-01-01 00:00:00",
    "1970-01-01 00:00",
    "1970-01-01",
  ]);
  expect(["s3://b/a/x.gz", "C:\\logs\\y.gz", "-", "/"].map(lastPart)).toEqual(["x.gz", "y.gz", "-", ""]);
});
