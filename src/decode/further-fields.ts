import { EXTRA, FIELDS, type Layout } from "./fields.ts";

/**
 * Fields that are kept and queried, and that no record needs to be judged: where the interface is, which service or container
 * it belongs to, what tags it has, what the next hop is. Few different sets of them come with very many records, so a
 * record carries the number of its set.
 */
export const FURTHER_FIELDS: readonly string[] = FIELDS.filter(({ kind }) => kind === EXTRA).map(({ name }) => name);

const NUMBERS = new Map(FURTHER_FIELDS.map((name, at) => [name, at]));
const LONGEST_VALUE = 512;

/** The set in which no field has a value. */
export const NO_FURTHER = "";

/** A set as text: the number of each field that has a value, and the value. Whatever the order of the fields was. */
export function writeFurther(names: readonly (string | null)[], values: readonly string[]): string {
  const parts: [number, string][] = [];
  for (const [at, name] of names.entries()) {
    const number = name === null ? undefined : NUMBERS.get(name);
    if (number !== undefined && values[at] !== "-") parts.push([number, clean(values[at])]);
  }
  return parts
    .sort(([a], [b]) => a - b)
    .map(([number, value]) => `${number} ${value}`)
    .join(" ");
}

/** The values of a set by the numbers of their fields; null: absent. */
export function readFurther(text: string): (string | null)[] {
  const values: (string | null)[] = FURTHER_FIELDS.map(() => null);
  const words = text === NO_FURTHER ? [] : text.split(" ");
  for (let at = 0; at + 1 < words.length; at += 2) values[Number(words[at])] = words[at + 1];
  return values;
}

const NAMES = new WeakMap<Layout, readonly (string | null)[]>();

/** The further field of each place of a layout in AWS's spelling; null: another field. */
export function furtherNames(layout: Layout): readonly (string | null)[] {
  let names = NAMES.get(layout);
  if (names === undefined) {
    names = layout.names.map((name, at) => (layout.kinds[at] === EXTRA ? name.replaceAll("_", "-") : null));
    NAMES.set(layout, names);
  }
  return names;
}

/** AWS writes these values in printable ASCII (tags are percent-encoded). */
function clean(value: string): string {
  return value.slice(0, LONGEST_VALUE).replaceAll(/[^!-~]/g, "?");
}
