import { parsePrefix } from "../../src/net/parse.ts";
import type {
  Model,
  NetworkAcl,
  NetworkAclEntry,
  NetworkInterface,
  Peer,
  SecurityGroup,
  SecurityGroupRule,
  Snapshot,
} from "../../src/model/model.ts";

export type ModelEdit = (model: Model) => Model;

const everySnapshot =
  (edit: (snapshot: Snapshot) => Snapshot): ModelEdit =>
  (model) => ({ ...model, snapshots: model.snapshots.map(edit) });

function mapValues<T>(map: ReadonlyMap<string, T>, edit: (value: T) => T): Map<string, T> {
  return new Map([...map].map(([id, value]) => [id, edit(value)]));
}

export const editRules = (edit: (rule: SecurityGroupRule) => readonly SecurityGroupRule[]): ModelEdit =>
  everySnapshot((snapshot) => ({
    ...snapshot,
    securityGroups: mapValues(snapshot.securityGroups, (group: SecurityGroup) => ({
      ...group,
      rules: group.rules.flatMap(edit),
    })),
  }));

export const editRule = (id: string, change: Partial<SecurityGroupRule>): ModelEdit =>
  editRules((rule) => [rule.id === id ? { ...rule, ...change } : rule]);

export const editInterfaces = (edit: (one: NetworkInterface) => NetworkInterface): ModelEdit =>
  everySnapshot((snapshot) => ({ ...snapshot, interfaces: mapValues(snapshot.interfaces, edit) }));

export const editAcl = (id: string, edit: (entries: readonly NetworkAclEntry[]) => NetworkAclEntry[]): ModelEdit =>
  everySnapshot((snapshot) => ({
    ...snapshot,
    networkAcls: mapValues(snapshot.networkAcls, (acl: NetworkAcl) =>
      acl.id === id ? { ...acl, entries: edit(acl.entries).sort((a, b) => a.number - b.number) } : acl,
    ),
  }));

export const cidr = (text: string): Peer => ({ kind: "cidr", prefix: parsePrefix(text)!.prefix });

export function denyEntry(
  aclId: string,
  direction: "ingress" | "egress",
  number: number,
  block: string,
): NetworkAclEntry {
  return {
    id: `${aclId}/${direction}/${number}`,
    aclId,
    direction,
    number,
    action: "deny",
    protocol: -1,
    ports: null,
    icmp: null,
    prefix: parsePrefix(block)!.prefix,
    origin: { file: "test", pointer: "" },
  };
}
