import type * as z from "zod";
import { child } from "./documents.ts";
import { plainTest } from "./fast-guards.ts";
import { readInterface } from "./interfaces.ts";
import { modelError, type Notes, locationOf, show } from "./messages.ts";
import type { Origin } from "./model.ts";
import { readNetworkAcl } from "./network-acls.ts";
import { readEntries, readPrefixList, readRouteTable, readSubnet, readVpc } from "./networks.ts";
import { SCHEMAS, type SectionKey, type Shape } from "./schema.ts";
import { readSecurityGroup, readSecurityGroupRule } from "./security-group-rules.ts";

const IDS: { readonly [K in SectionKey]: keyof Shape<K> & string } = {
  SecurityGroups: "GroupId",
  SecurityGroupRules: "SecurityGroupRuleId",
  NetworkAcls: "NetworkAclId",
  NetworkInterfaces: "NetworkInterfaceId",
  Subnets: "SubnetId",
  Vpcs: "VpcId",
  RouteTables: "RouteTableId",
  PrefixLists: "PrefixListId",
  Entries: "PrefixListId",
  VpcPeeringConnections: "VpcPeeringConnectionId",
};

/**
 * Each item becomes its model type as soon as it is validated, so that only one copy of the hundred thousand interfaces of a
 * large account stays in memory. Keeping zod's output to the end doubled the time, all of it garbage collection.
 */
const READERS = {
  SecurityGroups: readSecurityGroup,
  SecurityGroupRules: readSecurityGroupRule,
  NetworkAcls: readNetworkAcl,
  NetworkInterfaces: readInterface,
  Subnets: readSubnet,
  Vpcs: readVpc,
  RouteTables: readRouteTable,
  PrefixLists: readPrefixList,
  Entries: readEntries,
  VpcPeeringConnections: (value, origin) => ({ status: value.Status?.Code ?? null, origin }),
} satisfies { readonly [K in SectionKey]: (value: Shape<K>, origin: Origin, notes: Notes) => { origin: Origin } };

type Read<K extends SectionKey> = ReturnType<(typeof READERS)[K]>;
type Readers = { readonly [K in SectionKey]: (value: Shape<K>, origin: Origin, notes: Notes) => Read<K> };

/** Everything in one snapshot by kind and id, in order of appearance. */
export type Collected = { readonly [K in SectionKey]: Map<string, Read<K>> };

export function emptyCollection(): Collected {
  return Object.fromEntries(Object.keys(SCHEMAS).map((key) => [key, new Map()])) as unknown as Collected;
}

/**
 * Validates one item and stores it under its id.
 * @throws AppError E_MODEL with file, JSON pointer and value when the item is not as AWS writes it.
 */
export function collect<K extends SectionKey>(
  into: Collected,
  key: K,
  found: unknown,
  origin: Origin,
  notes: Notes,
): void {
  const shape = (PLAIN.get(key)!(found) ? found : parsed(SCHEMAS[key], found, origin)) as Shape<K>;
  const readers: Readers = READERS;
  put(into, key, shape[IDS[key]] as string, readers[key](shape, origin, notes), notes);
}

const PLAIN = new Map(Object.entries(SCHEMAS).map(([key, schema]) => [key, plainTest(schema)]));

/** The value as the schema gives it. @throws AppError E_MODEL with zod's first objection. */
export function parsed<T extends z.ZodType>(schema: T, found: unknown, origin: Origin): z.output<T> {
  const result = schema.safeParse(found);
  if (!result.success) throw shapeError(result.error, found, origin);
  return result.data;
}

/**
 * Stores an item under its id, so that pages and files merge. Where two versions of an item differ, the last one read counts
 * (files in the order of their names), with a note. Entries of one prefix list add up.
 */
export function put<K extends SectionKey>(into: Collected, key: K, id: string, read: Read<K>, notes: Notes): void {
  const known: Map<string, Read<K>> = into[key];
  const before = known.get(id);
  if (before && key === "Entries" && "entries" in before && "entries" in read) {
    known.set(id, { ...read, entries: [...before.entries!, ...read.entries!] });
    return;
  }
  if (before && withoutOrigins(before) !== withoutOrigins(read)) {
    notes.add("defined twice, the last one counts", `${id} (${locationOf(before.origin)}, ${locationOf(read.origin)})`);
  }
  known.set(id, read);
}

function withoutOrigins(item: unknown): string {
  return JSON.stringify(item, (key, value: unknown) => (key === "origin" ? undefined : value));
}

/** zod's first objection as file, pointer, problem and value. */
function shapeError(error: z.ZodError, found: unknown, origin: Origin): Error {
  const issue = error.issues[0];
  const path = issue.path as (string | number)[];
  let value = found;
  for (const key of path) value = isIndexable(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (value === undefined) return modelError(child(origin, ...path), "missing");
  const expected = issue.message
    .replace(/^(?:Invalid (?:input|option)|Too small|Too big): /, "")
    .replace(/, received .*$/, "");
  return modelError(child(origin, ...path), `${expected}, got ${show(value)}`);
}

function isIndexable(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
