import * as fc from "fast-check";
import { expect, test } from "vitest";
import { JsonItems, listPieces, parseWithItems } from "../../src/model/json-items.ts";

/** Keys of the outermost object that are lists of things; the strings have everything in them that a careless reader trips over. */
const isList = (key: string): boolean => key.startsWith("L");
const strings = fc.oneof(
  fc.constantFrom('"', "\\", '\\"', "]", "}", "[{", ",", ":", "é", "\u{1f600}", "\n", "__proto__"),
  fc.string(),
);
const values = fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" });
const things = fc.array(fc.oneof(fc.dictionary(strings, values), values, strings), { maxLength: 4 });
const documents = fc.dictionary(
  fc.oneof(fc.constantFrom("L1", "L2", "__proto__"), strings),
  fc.oneof(things, values, strings),
);
const spaces = fc.constantFrom(undefined, 1, "\t", "\r\n ");

/** As a caller sees it who asks for everything; what stops him is given as its message. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function whole(document: unknown): unknown {
  if (typeof document !== "object" || document === null || Array.isArray(document)) return document;
  const read = (value: unknown): unknown =>
    value instanceof JsonItems ? Array.from({ length: value.length }, (_, at) => value.item(at)) : value;
  return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, read(value)]));
}

const parseAll = (bytes: Buffer): unknown => JSON.parse(bytes.toString()) as unknown;
const read = (text: string): unknown => outcome(() => whole(parseWithItems(Buffer.from(text), isList, parseAll)));
/** Through bytes, as a file: half a surrogate pair is none. */
const parsed = (text: string): unknown => outcome(() => JSON.parse(Buffer.from(text).toString()) as unknown);

test("property: a split document has the values that JSON.parse reads", () => {
  fc.assert(
    fc.property(documents, spaces, (document, space) => {
      const text = JSON.stringify(document, null, space);
      expect(read(text)).toEqual(parsed(text));
    }),
    { numRuns: 1000 },
  );
});

test("property: damaged JSON gives the error of JSON.parse, wherever the damage is", () => {
  const edit = fc.record({ at: fc.nat(), remove: fc.nat({ max: 2 }), put: fc.constantFrom("", ...'{}[]",:\\ 1e-n\0') });
  fc.assert(
    fc.property(documents, spaces, edit, (document, space, { at, remove, put }) => {
      const text = JSON.stringify(document, null, space);
      const place = at % (text.length + 1);
      const broken = text.slice(0, place) + put + text.slice(place + remove);
      expect(read(broken)).toEqual(parsed(broken));
    }),
    { numRuns: 5000 },
  );
});

test("items of a list are parsed only when they are asked for", () => {
  const document = parseWithItems(Buffer.from('{"L":[{"a":1},oops],"M":[1]}'), isList, parseAll) as { L: JsonItems };
  expect(document.L).toBeInstanceOf(JsonItems);
  expect(document).toMatchObject({ M: [1] });
  expect(document.L.item(0)).toEqual({ a: 1 });
  expect(() => document.L.item(1)).toThrow(SyntaxError);
});

test.each([
  "",
  "[]",
  "null",
  " { } ",
  '{"L":[]}',
  '{"L":{}}',
  '{"L":[1]',
  '{"L":[1],}',
  '{"L":[1]}x',
  '{"L":["a',
  '{"L":[1],"L":[2]}',
  '{"L":[oops],"L":[2]}',
])("%j is read as JSON.parse reads it", (text) => expect(read(text)).toEqual(parsed(text)));

test.each([0, 1, 2, 999, 1000, 1001, 2000, 2500])("a list of %i items is written in pieces of a thousand", (count) => {
  const items = Array.from({ length: count }, (_, at) => ({ id: `eni-${at}`, list: [at, "]"], none: undefined }));
  const pieces = [...listPieces(new Map(items.map((item) => [item.id, item])).values())];
  expect(pieces.join("")).toBe(JSON.stringify(items));
  expect(pieces.length).toBe(Math.floor(count / 1000) + 1);
});
