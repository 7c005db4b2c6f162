import type { Model, NetworkAcl, NetworkAclEntry, RouteTable, Snapshot, Subnet, Vpc } from "../../src/model/model.ts";
import type { Prefix } from "../../src/net/address.ts";
import { parsePrefix } from "../../src/net/parse.ts";
import { snapshotOf } from "../analysis/lint/snapshots.ts";

const origin = { file: "model.json", pointer: "" };

export const block = (text: string): Prefix => parsePrefix(text)!.prefix;
export const vpc = (id: string, ...blocks: string[]): Vpc => ({
  id,
  prefixes: blocks.map(block),
  isDefault: false,
  name: "",
  origin,
});
export const subnet = (id: string, ...blocks: string[]): Subnet => ({
  id,
  vpcId: "vpc-1",
  prefixes: blocks.map(block),
  name: "",
  origin,
});

export function acl(id: string, subnetIds: string[], entries: NetworkAclEntry[] = []): NetworkAcl {
  return { id, vpcId: "vpc-1", isDefault: false, name: "", subnetIds, entries, origin };
}

/** A route table from lines such as `10.0.0.0/8 tgw-1` or `0.0.0.0/0 tgw-1 blackhole`. */
export function routeTable(id: string, facts: Partial<RouteTable>, ...routes: string[]): RouteTable {
  const parsed = routes.map((route) => {
    const [destination, target, state = "active"] = route.split(" ");
    return { destination, target, state };
  });
  return { id, vpcId: "vpc-1", main: false, subnetIds: [], ...facts, routes: parsed, origin };
}

interface Parts {
  readonly subnets?: readonly Subnet[];
  readonly vpcs?: readonly Vpc[];
  readonly acls?: readonly NetworkAcl[];
  readonly tables?: readonly RouteTable[];
  readonly lists?: Readonly<Record<string, readonly string[] | null>>;
}

const byId = <T extends { readonly id: string }>(list: readonly T[] = []): Map<string, T> =>
  new Map(list.map((one) => [one.id, one]));

/** A snapshot with a network: what `snapshotOf` of the lint tests makes, and where it stands. */
export function networkOf(parts: Parts & Parameters<typeof snapshotOf>[0], facts: Partial<Snapshot> = {}): Snapshot {
  const lists = Object.entries(parts.lists ?? {}).map(([id, entries]) => ({
    id,
    name: id,
    entries: entries?.map(block) ?? null,
    origin,
  }));
  return {
    ...snapshotOf(parts),
    subnets: byId(parts.subnets),
    vpcs: byId(parts.vpcs),
    networkAcls: byId(parts.acls),
    routeTables: byId(parts.tables),
    prefixLists: byId(lists),
    ...facts,
  };
}

export const modelOf = (...snapshots: Snapshot[]): Model => ({ snapshots, notes: [] });
