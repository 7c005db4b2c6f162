import * as fc from "fast-check";
import type * as z from "zod";
import { describe, expect, test } from "vitest";

import { plainTest } from "../../src/policy/plain-shapes.ts";
import { SCHEMAS, type SectionKey } from "../../src/policy/schema.ts";

const SECTIONS = Object.keys(SCHEMAS) as SectionKey[];

/** Strings of any kind, ids among them, and values of other kinds where an exporter went wrong. */
const strings = fc.oneof(fc.constantFrom("eni-1", "sg-0a b", "", "tcp", "10.0.0.1"), fc.string({ maxLength: 6 }));
const odd = fc.constantFrom<unknown>(null, undefined, true, 0, -1, 1.5, 2 ** 53, NaN, Infinity, "text", [], {}, [null]);

/** Values as the schema wants them, now and then something else instead: `share` in a thousand. */
function valuesOf(schema: z.core.$ZodType, share: number): fc.Arbitrary<unknown> {
  const { def } = schema._zod as { def: z.core.$ZodTypes["_zod"]["def"] };
  const fitting = (): fc.Arbitrary<unknown> => {
    if (def.type === "string") return share === 0 ? fc.constantFrom("eni-1", "sg-2", "acl-é") : strings;
    if (def.type === "boolean") return fc.boolean();
    if (def.type === "number") return fc.integer({ min: 1, max: 70_000 });
    if (def.type === "enum") return fc.constantFrom(...Object.values(def.entries));
    if (def.type === "optional") return fc.option(valuesOf(def.innerType, share), { nil: undefined });
    if (def.type === "nullable") return fc.option(valuesOf(def.innerType, share), { nil: null });
    if (def.type === "array") return fc.array(valuesOf(def.element, share), { maxLength: 3 });
    if (def.type === "union") return fc.oneof(...def.options.map((option) => valuesOf(option, share)));
    if (def.type !== "object") throw new Error(`no values for ${def.type}`);
    const keys = Object.entries(def.shape as Record<string, z.core.$ZodType>);
    return fc.record(
      Object.fromEntries([...keys.map(([key, one]) => [key, valuesOf(one, share)]), ["Unknown", fc.constant({})]]),
    );
  };
  return share === 0
    ? fitting()
    : fc.oneof({ weight: 1000 - share, arbitrary: fitting() }, { weight: share, arbitrary: odd });
}

/** Without the keys that nobody asks for, as zod returns it. */
const known = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, one) => (key === "Unknown" ? undefined : one)));

describe.each(SECTIONS)("%s", (section) => {
  const plain = plainTest(SCHEMAS[section]);

  test("property: what is plain zod takes, and leaves as it is", () => {
    fc.assert(
      fc.property(valuesOf(SCHEMAS[section], 20), (value) => {
        if (!plain(value)) return;
        const parsed = SCHEMAS[section].safeParse(value);
        expect(parsed.success).toBe(true);
        expect(known(parsed.data)).toEqual(known(value));
      }),
      { numRuns: 500 },
    );
  });

  test("property: what AWS writes is plain", () => {
    // The numbers of entries have bounds and their actions are words: zod reads those.
    const entries = section === "NetworkAcls";
    fc.assert(
      fc.property(valuesOf(SCHEMAS[section], 0), (value) => {
        if (!entries) expect(plain(value)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test.each([null, undefined, [], "text", 7])("%j is not", (value) => {
    expect(plain(value)).toBe(false);
  });
});
