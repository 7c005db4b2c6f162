import { AppError } from "../errors.ts";
import { fieldNamedLoosely } from "./column-names.ts";

/**
 * The field list of a flow log: `srcaddr dstaddr ...`, with commas, or as AWS prints it (`${srcaddr} ${dstaddr}`).
 * Returns AWS's spellings; an unknown name is an E_USAGE error.
 */
export function parseFieldList(text: string): string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== "");
  if (names.length === 0) throw new AppError("E_USAGE", "the field list is empty", { hint: FIELD_LIST_HINT });
  return names.map((name) => {
    const field = fieldNamedLoosely(name);
    if (!field)
      throw new AppError("E_USAGE", `unknown flow log field ${JSON.stringify(name)}`, { hint: FIELD_LIST_HINT });
    return field.name;
  });
}

const FIELD_LIST_HINT =
  'give the LogFormat of the flow log, e.g. "version account-id interface-id srcaddr dstaddr srcport dstport protocol ..."';
