// Performance code. zod builds every value anew; these tests accept the common ones as they are. With smaller interfaces and
// the model's text in pieces, an empty log and a model of a hundred thousand interfaces took 7.6 s of CPU in place of 8.5 s
// (test/bench/README.md, "A hundred thousand interfaces"). test/model/fast-guards.test.ts holds the tests against zod.

import type * as z from "zod";

type Test = (value: unknown) => boolean;

/**
 * A fast test derived from a schema. It accepts only values that the schema accepts and returns unchanged; zod judges all
 * others and words the errors. A schema that is not understood here gives a test that accepts nothing.
 */
export function plainTest(schema: z.core.$ZodType): Test {
  const { def } = schema._zod as { def: z.core.$ZodTypes["_zod"]["def"] };
  if ("coerce" in def && def.coerce) return never;
  if (def.type === "string") return stringTest(def);
  if (hasChecks(def)) return never;
  switch (def.type) {
    case "unknown":
      return () => true;
    case "boolean":
      return (value) => typeof value === "boolean";
    case "number":
      return numberTest(def);
    case "optional":
      return orElse(undefined, plainTest(def.innerType));
    case "nullable":
      return orElse(null, plainTest(def.innerType));
    case "array":
      return listTest(plainTest(def.element));
    case "object":
      return def.catchall ? never : objectTest(def.shape);
    case "union": {
      const options = def.options.map(plainTest);
      return (value) => options.some((test) => test(value));
    }
    default:
      return never;
  }
}

function never(): boolean {
  return false;
}

function hasChecks(def: { readonly checks?: readonly unknown[] }): boolean {
  return def.checks !== undefined && def.checks.length > 0;
}

function stringTest(string: { readonly format?: string; readonly checks?: readonly z.core.$ZodCheck<never>[] }): Test {
  // The formats of zod may check more than their pattern.
  if (string.format !== undefined) return never;
  const patterns = (string.checks ?? []).map(({ _zod: { def } }) =>
    "format" in def && def.format === "regex" && "pattern" in def && def.pattern instanceof RegExp ? def.pattern : null,
  );
  if (patterns.includes(null)) return never;
  const [pattern, ...others] = patterns;
  if (others.length > 0 || pattern?.global || pattern?.sticky) return never;
  return pattern ? (value) => typeof value === "string" && pattern.test(value) : (value) => typeof value === "string";
}

function numberTest(def: z.core.$ZodNumberDef): Test {
  if (!("format" in def)) return Number.isFinite;
  return def.format === "safeint" ? Number.isSafeInteger : never;
}

function orElse(other: undefined | null, test: Test): Test {
  return (value) => value === other || test(value);
}

function listTest(test: Test): Test {
  return (value) => {
    if (!Array.isArray(value)) return false;
    for (let at = 0; at < value.length; at++) if (!test(value[at])) return false;
    return true;
  };
}

function objectTest(shape: Readonly<Record<string, z.core.$ZodType>>): Test {
  const keys = Object.keys(shape);
  const tests = keys.map((key) => plainTest(shape[key]));
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const fields = value as Readonly<Record<string, unknown>>;
    for (let at = 0; at < keys.length; at++) if (!tests[at](fields[keys[at]])) return false;
    return true;
  };
}
