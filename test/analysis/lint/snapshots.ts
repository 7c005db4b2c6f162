import type {
  NetworkAclEntry,
  NetworkInterface,
  Peer,
  SecurityGroup,
  SecurityGroupRule,
  Snapshot,
} from "../../../src/model/model.ts";
import { parseAddress, parsePrefix } from "../../../src/net/parse.ts";

const origin = { file: "model.json", pointer: "" };

export const prefix = (text: string): Peer & { kind: "cidr" } => ({ kind: "cidr", prefix: parsePrefix(text)!.prefix });

export function entry(number: number, facts: Partial<NetworkAclEntry> & { cidr: string }): NetworkAclEntry {
  const { cidr, ...rest } = facts;
  const direction = rest.direction ?? "ingress";
  const fixed = { aclId: "acl-1", number, prefix: parsePrefix(cidr)!.prefix, origin };
  return {
    id: `acl-1/${direction}/${number}`,
    direction,
    action: "allow",
    protocol: -1,
    ports: null,
    icmp: null,
    ...rest,
    ...fixed,
  };
}

export function rule(id: string, groupId: string, facts: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  return {
    id,
    groupId,
    direction: "ingress",
    protocol: -1,
    ports: null,
    icmp: null,
    peer: prefix("0.0.0.0/0"),
    description: "",
    origin,
    ...facts,
  };
}

export function networkInterface(id: string, groupIds: string[], ...addresses: string[]): NetworkInterface {
  return {
    id,
    vpcId: null,
    subnetId: null,
    ownerId: null,
    type: "interface",
    description: "",
    instanceId: null,
    attachedAt: null,
    groupIds,
    addresses: addresses.map((text) => parseAddress(text)!),
    prefixes: [],
    publicAddresses: [],
    tags: {},
    tracking: { tcpEstablished: null, udpStream: null, udpSingle: null },
    requesterManaged: false,
    origin,
  };
}

export function snapshotOf(parts: {
  entries?: NetworkAclEntry[];
  rules?: SecurityGroupRule[];
  interfaces?: NetworkInterface[];
}): Snapshot {
  const { entries = [], rules = [], interfaces = [] } = parts;
  const ids = new Set([...rules.map((one) => one.groupId), ...interfaces.flatMap((one) => one.groupIds)]);
  const groups = [...ids].map((id): [string, SecurityGroup] => {
    const own = rules.filter((one) => one.groupId === id);
    return [id, { id, name: id, description: id, vpcId: null, ownerId: null, tags: {}, rules: own, origin }];
  });
  const acl = { id: "acl-1", vpcId: null, isDefault: false, name: "", subnetIds: [], entries, origin };
  return {
    name: "model",
    since: null,
    interfaces: new Map(interfaces.map((one) => [one.id, one])),
    subnets: new Map(),
    vpcs: new Map(),
    securityGroups: new Map(groups),
    networkAcls: new Map(entries.length > 0 ? [["acl-1", acl]] : []),
    prefixLists: new Map(),
    routeTables: new Map(),
  };
}
