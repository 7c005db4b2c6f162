import { FIELDS } from "./fields.ts";

/** Versions of flow log records; 6 is of transit gateways. */
const VERSIONS = [2, 3, 4, 5, 7, 8, 9, 10, 11];

/**
 * Orders of fields that many flow logs have: all fields up to a version as AWS lists them, and sorted by name, as templates
 * and modules write them that keep the fields in a set.
 */
export const COMMON_ORDERS: readonly { readonly what: string; readonly names: readonly string[] }[] = VERSIONS.flatMap(
  (version) => {
    const names = FIELDS.filter((field) => field.version <= version && field.version !== 6).map(({ name }) => name);
    const all = `all ${names.length} fields up to version ${version}`;
    return [
      { what: `${all} in AWS's order`, names },
      { what: `${all} in the order of their names`, names: names.toSorted() },
    ];
  },
);
