import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NEVER, OPENED_BY, STRIDE } from "../../../src/evaluate/conntrack/entry-layout.ts";
import { KEPT_WORDS, packEntries, unpackEntries } from "../../../src/evaluate/dense/packed-entries.ts";
import { runs } from "../random/runs.ts";

const asked = runs(500);
const LOOKUPS = 50;
// Times of a few minutes, addresses of a few interfaces, and whatever else 32 bits can hold.
const word = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 0xffff, 0x10000, 0x7fffffff, 0x80000000, NEVER),
  fc.integer({ min: 1_700_000_000, max: 1_700_000_300 }),
  fc.nat(300),
  fc.nat(0xffffffff),
);
const entry = fc.array(word, { minLength: KEPT_WORDS, maxLength: KEPT_WORDS }).map((words) => {
  // The number of an interface, and of a lookup.
  words[0] %= 1000;
  words[OPENED_BY] %= LOOKUPS;
  return words;
});

test(`entries are the same after packing and unpacking, with the new numbers of their lookups (${asked.name})`, () => {
  const storedAs = Uint32Array.from({ length: LOOKUPS }, (_, openedBy) => openedBy * 3);
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(roundTrip(entries, storedAs)).toEqual(
        entries.map((words) => words.map((value, at) => (at === OPENED_BY ? value * 3 : value))),
      );
    }),
    asked.parameters,
  );
});

test("more entries than one block holds are the same after packing and unpacking", () => {
  const entries = Array.from({ length: 70_000 }, (_, at) =>
    Array.from({ length: KEPT_WORDS }, (_, word) => (word === OPENED_BY ? at % LOOKUPS : (at * (word + 1)) % 1000)),
  );
  const storedAs = Uint32Array.from({ length: LOOKUPS }, (_, openedBy) => openedBy);
  expect(roundTrip(entries, storedAs)).toEqual(entries);
});

function roundTrip(entries: readonly (readonly number[])[], storedAs: Uint32Array): number[][] {
  const words = new Uint32Array(entries.length * STRIDE);
  entries.forEach((one, at) => words.set(one, at * STRIDE));
  const found: number[][] = [];
  unpackEntries(packEntries(words, entries.length, storedAs), (one) => void found.push([...one]));
  return found;
}
