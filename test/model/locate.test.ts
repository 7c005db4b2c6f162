import * as fc from "fast-check";
import { expect, test } from "vitest";
import { locate } from "../../src/model/locate.ts";

const TEXT = `{
  "skipped": {"a": [1, {"b": "}\\"]"}],
    "c": 1},
  "SecurityGroups": [
    {"GroupId": "sg-1"},
    {
      "GroupId": "sg-2",
      "Ip~Per/missions": [ {"x":
        true} ]
    }
  ]
}`;

test.each([
  ["", 1],
  ["/skipped/c", 3],
  ["/SecurityGroups/0", 5],
  ["/SecurityGroups/1", 6],
  ["/SecurityGroups/1/GroupId", 7],
  ["/SecurityGroups/1/Ip~0Per~1missions/0/x", 9],
  ["/SecurityGroups/2", undefined],
  ["/SecurityGroups/1/GroupId/0", undefined],
])("%s is found at line %s", (pointer, line) => {
  expect(locate(TEXT, [pointer]).get(pointer)).toBe(line);
});

test("property: each value of a pretty-printed document is found at its own line", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 5 }), (document) => {
      const keys = Object.keys(document);
      const pointers = keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
      const lines = locate(JSON.stringify(document, null, 2), pointers);
      // The line of a member is one after the lines of everything before it.
      let expected = 2;
      for (const [index, key] of keys.entries()) {
        expect(lines.get(pointers[index])).toBe(expected);
        expected += JSON.stringify((document as Record<string, unknown>)[key], null, 2).split("\n").length;
      }
    }),
    { numRuns: 500 },
  );
});
