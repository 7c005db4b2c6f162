import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteDictionary, FIND_BYTES } from "../../../src/decode/dense/dictionary.ts";

const name = fc.string({ unit: fc.constantFrom("a", "b", "0", "-", "é"), minLength: 1, maxLength: 40 });

describe("ByteDictionary", () => {
  it("gives ids in order of first appearance, by id, idOf and find", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 20 }), fc.array(name, { maxLength: 600 }), (initial, names) => {
        const dictionary = new ByteDictionary(initial);
        const expected = new Map(initial.map((text, id) => [text, id]));
        for (const text of names) {
          // A neighbour behind it, so that nothing but the blank ends the name.
          const bytes = Buffer.from(`${text} ${text}${" ".repeat(FIND_BYTES)}`);
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          const length = Buffer.byteLength(text);
          const known = expected.get(text);
          const found = dictionary.find(bytes, view, 0);
          expect(found).toBe(length < FIND_BYTES ? (known ?? -1) : -1);
          if (found >= 0) expect(dictionary.foundLength).toBe(length);
          const id = known ?? expected.size;
          expected.set(text, id);
          expect(dictionary.id(bytes, 0, length)).toBe(id);
          expect(dictionary.idOf(text)).toBe(id);
        }
        expect(dictionary.strings).toEqual([...expected.keys()]);
        expect(dictionary.size).toBe(expected.size);
      }),
      { numRuns: 200 },
    );
  });

  it("grows", () => {
    const dictionary = new ByteDictionary(["-"]);
    for (let round = 0; round < 2; round++) {
      for (let id = 1; id < 50_000; id++) expect(dictionary.idOf(`eni-${id.toString(16)}`)).toBe(id);
    }
    expect(dictionary.strings[49_999]).toBe("eni-c34f");
  });
});
