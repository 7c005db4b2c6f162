import type { Prefix } from "../net/address.ts";
import { child } from "./documents.ts";
import { readTags } from "./interfaces.ts";
import type { Notes } from "./messages.ts";
import type { Origin, PrefixList, RouteTable, Subnet, Vpc } from "./model.ts";
import { readPrefix } from "./rule-match.ts";
import type { Shape } from "./schema.ts";

export function readSubnet(value: Shape<"Subnets">, origin: Origin, notes: Notes): Subnet {
  const prefixes = blocks(
    [
      { text: value.CidrBlock, path: ["CidrBlock"] },
      ...blocksOf(value.Ipv6CidrBlockAssociationSet, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
    ],
    origin,
    notes,
  );
  return { id: value.SubnetId, vpcId: value.VpcId ?? null, prefixes, name: readTags(value.Tags).Name ?? "", origin };
}

export function readVpc(value: Shape<"Vpcs">, origin: Origin, notes: Notes): Vpc {
  const prefixes = blocks(
    [
      { text: value.CidrBlock, path: ["CidrBlock"] },
      ...blocksOf(value.CidrBlockAssociationSet, "CidrBlockAssociationSet", "CidrBlock"),
      ...blocksOf(value.Ipv6CidrBlockAssociationSet, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
    ],
    origin,
    notes,
  );
  const isDefault = value.IsDefault ?? false;
  return { id: value.VpcId, prefixes, isDefault, name: readTags(value.Tags).Name ?? "", origin };
}

export function readRouteTable(value: Shape<"RouteTables">, origin: Origin): RouteTable {
  const associations = (value.Associations ?? []).filter((one) => inForce(one.AssociationState?.State));
  return {
    id: value.RouteTableId,
    vpcId: value.VpcId ?? null,
    main: associations.some((one) => one.Main),
    subnetIds: associations.flatMap((one) => one.SubnetId ?? []),
    routes: (value.Routes ?? []).map((route) => ({
      destination: route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? "",
      target: routeTarget(route),
      state: route.State ?? "active",
    })),
    origin,
  };
}

type RouteShape = NonNullable<Shape<"RouteTables">["Routes"]>[number];

/** Interface before instance before gateway: AWS repeats the target in the less exact fields. */
function routeTarget(route: RouteShape): string {
  return (
    route.NatGatewayId ??
    route.TransitGatewayId ??
    route.VpcPeeringConnectionId ??
    route.EgressOnlyInternetGatewayId ??
    route.LocalGatewayId ??
    route.CarrierGatewayId ??
    route.CoreNetworkArn ??
    route.NetworkInterfaceId ??
    route.InstanceId ??
    route.GatewayId ??
    ""
  );
}

/** A prefix list. describe-prefix-lists also gives the blocks of the lists of gateway endpoints. */
export function readPrefixList(value: Shape<"PrefixLists">, origin: Origin, notes: Notes): PrefixList {
  const cidrs = value.Cidrs?.map((text, index) => ({ text, path: ["Cidrs", index] }));
  const entries = cidrs ? blocks(cidrs, origin, notes) : null;
  return { id: value.PrefixListId, name: value.PrefixListName ?? "", entries, origin };
}

/** One page of an answer of get-managed-prefix-list-entries. */
export function readEntries(value: Shape<"Entries">, origin: Origin, notes: Notes) {
  const cidrs = value.Entries.map(({ Cidr: text }, index) => ({ text, path: ["Entries", index, "Cidr"] }));
  return { entries: blocks(cidrs, origin, notes), origin };
}

/** Prefix lists with their entries. A list whose entries the model lacks keeps null: rules that use it are undecidable. */
export function joinPrefixLists(
  lists: ReadonlyMap<string, PrefixList>,
  entries: ReadonlyMap<string, ReturnType<typeof readEntries>>,
): Map<string, PrefixList> {
  const result = new Map(lists);
  for (const [id, read] of entries) {
    const list = lists.get(id) ?? { id, name: "", origin: read.origin };
    result.set(id, { ...list, entries: read.entries });
  }
  return result;
}

interface CidrField {
  readonly text: string | null | undefined;
  readonly path: readonly (string | number)[];
}

type AssociationShape = Readonly<Record<string, unknown>>;

function blocksOf(set: readonly AssociationShape[] | null | undefined, list: string, field: string): CidrField[] {
  return (set ?? []).flatMap((one, index) => {
    const state = one[`${field}State`] as { State?: string | null } | null | undefined;
    return inForce(state?.State) ? [{ text: one[field] as string | null, path: [list, index, field] }] : [];
  });
}

function inForce(state: string | null | undefined): boolean {
  return !/^(?:disassociat|fail)/i.test(state ?? "");
}

/** Each block once: AWS repeats a VPC's first block in its association set. */
function blocks(list: readonly CidrField[], origin: Origin, notes: Notes): Prefix[] {
  const seen = new Map<string, Prefix>();
  for (const { text, path } of list) {
    if (!text || seen.has(text)) continue;
    seen.set(
      text,
      readPrefix(text, () => child(origin, ...path), notes),
    );
  }
  return [...seen.values()];
}
