import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { plainTest } from "../../src/model/fast-guards.ts";
import { SCHEMAS, type SectionKey } from "../../src/model/schema.ts";

const SECTIONS = Object.keys(SCHEMAS) as SectionKey[];
/** The numbers of network ACL entries have bounds and their actions are words: zod reads those. */
const PLAIN = SECTIONS.filter((section) => section !== "NetworkAcls");

/** Strings of any kind, ids among them, and values of other kinds where an exporter went wrong. */
const strings = fc.oneof(fc.constantFrom("eni-1", "sg-0a b", "", "tcp", "10.0.0.1"), fc.string({ maxLength: 6 }));
const odd = fc.constantFrom<unknown>(null, undefined, true, 0, -1, 1.5, 2 ** 53, NaN, Infinity, "text", [], {}, [null]);

/** Values as the schema wants them, now and then something else instead: `share` in a thousand. */
function valuesOf(schema: z.core.$ZodType, share: number): fc.Arbitrary<unknown> {
  const { def } = schema._zod as { def: z.core.$ZodTypes["_zod"]["def"] };
  const fitting = (): fc.Arbitrary<unknown> => {
    if (def.type === "string") return share === 0 ? fc.constantFrom("eni-1", "sg-2", "acl-é") : strings;
    if (def.type === "boolean") return fc.boolean();
    if (def.type === "unknown") return fc.constantFrom<unknown>("2025-03-04T09:00:00Z", 1, { year: 2025 }, null);
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

  test("property: zod accepts and leaves unchanged what the fast guard accepts", () => {
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

  test.each([null, undefined, [], "text", 7])("the fast guard does not accept %j", (value) => {
    expect(plain(value)).toBe(false);
  });
});

test.each(PLAIN)("property: the fast guard accepts %s as AWS writes them", (section) => {
  const plain = plainTest(SCHEMAS[section]);
  fc.assert(fc.property(valuesOf(SCHEMAS[section], 0), plain), { numRuns: 200 });
});

const no = (): boolean => false;
test.each(
  Object.entries({
    "an address": z.ipv4(),
    "a URL": z.url(),
    "a time": z.iso.datetime(),
    "a format as a check": z.string().email(),
    "a length": z.string().max(2),
    "a change": z.string().trim(),
    "a default": z.string().default("x"),
    "a step before": z.preprocess((value) => value, z.string()),
    "a refined string": z.string().refine(no),
    "a refined boolean": z.boolean().refine(no),
    "a refined optional": z.string().optional().refine(no),
    "a refined list": z.array(z.string()).refine(no),
    "a refined union": z.union([z.string(), z.boolean()]).refine(no),
    "a coerced boolean": z.coerce.boolean(),
    "an object of these keys alone": z.strictObject({}),
  }),
)("%s is zod's to judge", (_name, schema) => {
  const values = ["text", "2025-01-01T00:00:00Z", true, undefined, [], {}, { more: 1 }];
  for (const value of values) expect(plainTest(schema)(value), JSON.stringify(value)).toBe(false);
});
