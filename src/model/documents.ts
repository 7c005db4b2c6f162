import { prefixListOfFile } from "./files.ts";
import { JsonItems } from "./json-items.ts";
import { modelError, type Notes, locationOf, show } from "./messages.ts";
import type { Origin } from "./model.ts";
import { SCHEMAS, type SectionKey } from "./schema.ts";

/** Takes one item of a document, not yet validated. */
export type Visit = (key: SectionKey, value: unknown, origin: Origin) => void;

export type JsonObject = Readonly<Record<string, unknown>>;

/** Answers of describe-* calls that the model does not hold. */
const NOT_MODELLED = new Set([
  "FlowLogs",
  "SecurityGroupVpcAssociations",
  "StaleSecurityGroupSet",
  "InternetGateways",
  "NatGateways",
  "TransitGateways",
  "TransitGatewayAttachments",
  "VpcEndpoints",
  "Addresses",
  "Reservations",
]);

/**
 * Visits the items of one JSON document, which is recognised by its top-level keys, also inside a wrapper
 * (`{"status_code", "data"}`, a list of answers). Returns false when nothing is recognised.
 */
export function visitItems(document: unknown, file: string, notes: Notes, visit: Visit): boolean {
  const origin = { file, pointer: "" };
  if (!Array.isArray(document)) return visitAnswer(document, origin, notes, visit);
  let recognised = false;
  for (const [index, item] of document.entries()) {
    if (visitAnswer(item, child(origin, index), notes, visit)) recognised = true;
  }
  return recognised;
}

function visitAnswer(value: unknown, origin: Origin, notes: Notes, visit: Visit): boolean {
  if (!isObject(value)) return false;
  if (isObject(value.data) && "status_code" in value) {
    return visitAnswer(value.data, child(origin, "data"), notes, visit);
  }
  let recognised = false;
  for (const key of Object.keys(value)) {
    if (visitSection(value, key, origin, notes, visit)) recognised = true;
  }
  if (recognised && typeof value.NextToken === "string") {
    notes.add("only one page of an answer (NextToken), the rest is missing", locationOf(origin));
  }
  return recognised;
}

function visitSection(answer: JsonObject, key: string, origin: Origin, notes: Notes, visit: Visit): boolean {
  const value = answer[key];
  const at = child(origin, key);
  if (key === "Entries") {
    const id = answer.PrefixListId ?? prefixListOfFile(origin.file);
    if (id !== null) visit("Entries", { PrefixListId: id, Entries: value }, origin);
    else notes.add("prefix list entries without an id, set aside (name the file pl-….json)", locationOf(origin));
    return true;
  }
  if (Object.hasOwn(SCHEMAS, key)) {
    const isSplit = value instanceof JsonItems;
    if (!isSplit && !Array.isArray(value)) throw modelError(at, `expected a list, got ${show(value)}`);
    for (let index = 0; index < value.length; index++) {
      visit(key as SectionKey, isSplit ? value.item(index) : value[index], child(at, index));
    }
    return true;
  }
  if (key.startsWith("pl-")) {
    const entries = isObject(value) ? value.Entries : value;
    if (Array.isArray(entries)) visit("Entries", { PrefixListId: key, Entries: entries }, at);
    return Array.isArray(entries);
  }
  return NOT_MODELLED.has(key);
}

/** The origin of the value under `path` inside another value. */
export function child(origin: Origin, ...path: readonly (string | number)[]): Origin {
  let pointer = origin.pointer;
  for (const key of path) {
    pointer += typeof key === "number" ? `/${key}` : `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  return { file: origin.file, pointer };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
