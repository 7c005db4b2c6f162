import { collect, type Collected } from "../collect.ts";
import type { Notes } from "../messages.ts";
import type { Origin } from "../model.ts";
import { idOf, indexResources, once, type Resources, tagList, type TerraformDocument } from "./document.ts";
import { collectAcls, collectGroups } from "./rules.ts";

/** Collects networks, prefix lists and interfaces, in the shapes of the describe-* calls. */
function collectTerraformNetworks(resources: Resources, into: Collected, notes: Notes): void {
  for (const vpc of once(resources.of("aws_vpc", "aws_default_vpc"))) {
    const { cidr_block: CidrBlock, ipv6_cidr_block: v6, tags } = vpc.value;
    const more = resources.of("aws_vpc_ipv4_cidr_block_association").filter((one) => one.value.vpc_id === idOf(vpc));
    const shape = {
      VpcId: idOf(vpc),
      CidrBlock,
      CidrBlockAssociationSet: more.map((one) => ({ CidrBlock: one.value.cidr_block })),
      Ipv6CidrBlockAssociationSet: v6 ? [{ Ipv6CidrBlock: v6 }] : [],
      IsDefault: vpc.type === "aws_default_vpc",
      Tags: tagList(tags),
    };
    collect(into, "Vpcs", shape, vpc.origin, notes);
  }
  for (const subnet of once(resources.of("aws_subnet", "aws_default_subnet"))) {
    const { cidr_block: CidrBlock, ipv6_cidr_block: v6, tags } = subnet.value;
    const blocks = v6 ? [{ Ipv6CidrBlock: v6 }] : [];
    const VpcId = resources.reference(subnet, "vpc_id");
    const shape = {
      SubnetId: idOf(subnet),
      VpcId,
      CidrBlock,
      Ipv6CidrBlockAssociationSet: blocks,
      Tags: tagList(tags),
    };
    collect(into, "Subnets", shape, subnet.origin, notes);
  }
  for (const { value, ...peering } of resources.of("aws_vpc_peering_connection")) {
    const shape = { VpcPeeringConnectionId: value.id ?? peering.address, Status: { Code: value.accept_status } };
    collect(into, "VpcPeeringConnections", shape, peering.origin, notes);
  }
  collectPrefixLists(resources, into, notes);
  collectInterfaces(resources, into, notes);
}

function collectPrefixLists(resources: Resources, into: Collected, notes: Notes): void {
  for (const list of once(resources.of("aws_ec2_managed_prefix_list", "aws_prefix_list"))) {
    const { name, entry, entries, cidr_blocks: blocks } = list.value;
    const separate = resources
      .of("aws_ec2_managed_prefix_list_entry")
      .filter((one) => resources.reference(one, "prefix_list_id") === idOf(list))
      .map((one) => one.value.cidr);
    const own = entry ?? entries;
    const cidrs = [...(own ?? []).map((one) => one.cidr), ...(blocks ?? []), ...separate].filter((one) => !!one);
    // Where all attributes are absent, the entries are known only after apply.
    const Cidrs = own || blocks || separate.length > 0 ? cidrs : null;
    collect(into, "PrefixLists", { PrefixListId: idOf(list), PrefixListName: name, Cidrs }, list.origin, notes);
  }
}

interface InterfaceFacts {
  readonly id: string;
  readonly subnetId: string | null;
  readonly groups: readonly string[];
  readonly origin: Origin;
}

/** Separate interfaces, the primary ones of instances, and those of NAT gateways. */
function collectInterfaces(resources: Resources, into: Collected, notes: Notes): void {
  const attached = resources.of("aws_network_interface_sg_attachment");
  const add = (facts: InterfaceFacts, rest: object): void => {
    const { id, subnetId, origin } = facts;
    const more = attached.filter((one) => one.value.network_interface_id === id);
    const groups = new Set([...facts.groups, ...more.flatMap((one) => one.value.security_group_id ?? [])]);
    const shape = {
      NetworkInterfaceId: id,
      SubnetId: subnetId,
      VpcId: subnetId === null ? null : into.Subnets.get(subnetId)?.vpcId,
      Groups: [...groups].map((GroupId) => ({ GroupId })),
      ...rest,
    };
    collect(into, "NetworkInterfaces", shape, origin, notes);
  };
  const interfaces = once(resources.of("aws_network_interface"));
  const own = new Set(interfaces.map(idOf));
  for (const item of interfaces) {
    const { value, origin } = item;
    const subnetId = resources.reference(item, "subnet_id");
    add(
      { id: idOf(item), subnetId, groups: value.security_groups ?? [], origin },
      {
        Description: value.description,
        InterfaceType: value.interface_type,
        Attachment: { InstanceId: value.attachment?.[0]?.instance },
        ...addresses(value.private_ip, value.private_ips, null, value.ipv6_addresses),
        Ipv4Prefixes: value.ipv4_prefixes?.map((Ipv4Prefix) => ({ Ipv4Prefix })),
        Ipv6Prefixes: value.ipv6_prefixes?.map((Ipv6Prefix) => ({ Ipv6Prefix })),
        TagSet: tagList(value.tags),
      },
    );
  }
  for (const item of resources.of("aws_instance")) {
    const { value, origin } = item;
    const id = value.primary_network_interface_id;
    if (!id || !item.managed || own.has(id)) continue;
    add(
      { id, subnetId: value.subnet_id ?? null, groups: value.vpc_security_group_ids ?? [], origin },
      {
        Attachment: { InstanceId: value.id },
        ...addresses(value.private_ip, value.secondary_private_ips, value.public_ip, value.ipv6_addresses),
        TagSet: tagList(value.tags),
      },
    );
  }
  for (const { value, origin, managed } of resources.of("aws_nat_gateway")) {
    const id = value.network_interface_id;
    if (!id || !managed || own.has(id)) continue;
    add(
      { id, subnetId: value.subnet_id ?? null, groups: [], origin },
      {
        InterfaceType: "natGateway",
        Description: `Interface for NAT Gateway ${value.id ?? ""}`.trim(),
        RequesterManaged: true,
        ...addresses(value.private_ip, null, value.public_ip, null),
        TagSet: tagList(value.tags),
      },
    );
  }
}

type Text = string | null | undefined;

function addresses(
  primary: Text,
  secondary: readonly string[] | null | undefined,
  publicIp: Text,
  v6: readonly string[] | null | undefined,
): object {
  return {
    PrivateIpAddress: primary || null,
    PrivateIpAddresses: (secondary ?? []).map((PrivateIpAddress) => ({ PrivateIpAddress })),
    Association: publicIp ? { PublicIp: publicIp } : null,
    Ipv6Addresses: (v6 ?? []).map((Ipv6Address) => ({ Ipv6Address })),
  };
}

/**
 * Adds what Terraform manages to a snapshot. States of several workspaces complete each other. A plan gives the
 * configuration after it is applied; a resource without an id yet goes by its address. Returns the ids of the groups whose
 * rules are all known.
 */
export function collectTerraform(documents: readonly TerraformDocument[], into: Collected, notes: Notes): Set<string> {
  const resources = indexResources(documents);
  collectTerraformNetworks(resources, into, notes);
  collectAcls(resources, documents, into, notes);
  return collectGroups(resources, documents, into, notes);
}
