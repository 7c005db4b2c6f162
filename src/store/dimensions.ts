import type { DuckDBConnection } from "@duckdb/node-api";
import { readFurther } from "../decode/further-fields.ts";
import type { RuleSet } from "../evaluate/facts/rule-sets.ts";
import type { Judgement } from "../judgement.ts";
import { formatAddress, formatPrefix } from "../net/address.ts";
import { protocolName } from "../net/protocols.ts";
import { isUnlogged, PEER_NLB, PEER_UNRESOLVED, resolverOf } from "../model/resolve.ts";
import type { Model, NetworkAclEntry, NetworkInterface, Peer, SecurityGroupRule, Snapshot } from "../model/model.ts";
import { appendRows, type Cell } from "./column-appender.ts";

/** The names behind the indexes in judgements: rules and snapshots. */
export interface PolicyNames {
  readonly ruleIds: readonly string[];
  readonly snapshots: readonly string[];
}

/** Appends judgements; `first` is the number of the first one given, `firstRuleSet` that of rule set 1. */
export async function appendJudgements(
  connection: DuckDBConnection,
  judgements: readonly Judgement[],
  first: number,
  policy: PolicyNames,
  accounts: readonly string[],
): Promise<void> {
  const ids = policy.ruleIds;
  const rows = judgements.map((one, at): Cell[] => [
    first + at,
    accounts[one.accountId] ?? null,
    one.direction,
    one.initiator,
    one.evidence,
    one.action,
    one.logStatus,
    one.verdict,
    one.agreement,
    one.decidedBy,
    one.cause,
    one.layers.nacl_in,
    one.layers.sg_in,
    one.layers.sg_out,
    one.layers.nacl_out,
    one.rejectReason,
    one.naclRule < 0 ? null : ids[one.naclRule],
    one.sgRules.map((rule) => ids[rule]).sort(),
    one.sgPossible.map((rule) => ids[rule]).sort(),
    one.snapshot < 0 ? null : (policy.snapshots[one.snapshot] ?? null),
  ]);
  await appendRows(connection, "judgements", "u", rows);
}

/** Appends sets of further fields; `first` is the number of the first one given. */
export async function appendFurther(
  connection: DuckDBConnection,
  sets: readonly string[],
  first: number,
): Promise<void> {
  const rows = function* (): Generator<Cell[]> {
    for (const [at, text] of sets.entries()) yield [first + at, ...readFurther(text)];
  };
  if (sets.length > 0) await appendRows(connection, "further_fields", "u", rows());
}

export async function appendRuleSets(
  connection: DuckDBConnection,
  ruleSets: readonly RuleSet[],
  first: number,
  policy: PolicyNames,
): Promise<void> {
  const rows = ruleSets.flatMap((set, at) =>
    set.members.map(({ rule, certain, credited, because }): Cell[] => [
      first + at,
      policy.ruleIds[rule],
      certain,
      credited,
      because,
    ]),
  );
  await appendRows(connection, "rule_set_members", "u", rows);
}

/** Appends interfaces from number `first` on; what the newest snapshot says of an interface is kept. */
export async function appendInterfaces(
  connection: DuckDBConnection,
  ids: readonly string[],
  first: number,
  model: Model | null,
): Promise<void> {
  if (ids.length === 0) return;
  // Lists are appended as text, an item a line: one object for each list and item takes ten seconds for 100,000 interfaces.
  await connection.run(
    `create temp table new_interfaces as
       select * replace (null::varchar as group_ids, null::varchar as addresses, null::varchar as owner_ids)
       from interface_dim limit 0`,
  );
  await appendRows(connection, "new_interfaces", "u", interfaceRows(ids, first, model));
  const list = (column: string): string =>
    `case when ${column} = '' then [] else string_split(${column}, chr(10)) end as ${column}`;
  await connection.run(
    `insert into interface_dim
       select * replace (${["group_ids", "addresses", "owner_ids"].map(list).join(", ")}) from new_interfaces order by rowid`,
  );
  await connection.run("drop table new_interfaces");
}

/** One at a time: a large model has a hundred thousand. */
function* interfaceRows(ids: readonly string[], first: number, model: Model | null): Generator<Cell[]> {
  const snapshots = model?.snapshots ?? [];
  let at = first;
  for (const id of ids) {
    let newest: NetworkInterface | null = null;
    let owners: string[] = [];
    let attachedAt: number | null = null;
    // The first snapshot may be younger than its interfaces, and those of the last one live on.
    let since: number | null = null;
    let until: number | null = null;
    for (const [place, snapshot] of snapshots.entries()) {
      const one = snapshot.interfaces.get(id);
      if (one === undefined) continue;
      if (newest === null && place > 0) since = snapshot.since;
      until = snapshots[place + 1]?.since ?? null;
      if (one.attachedAt !== null) attachedAt = Math.min(attachedAt ?? Infinity, one.attachedAt);
      newest = one;
      const own = ownersOf(snapshot, one);
      owners = owners.length === 0 ? own : [...new Set([...owners, ...own])];
    }
    yield newest === null
      ? [at++, id, false, null, null, null, null, null, null, null, null, null, "", null, null]
      : [
          at++,
          id,
          true,
          newest.ownerId,
          newest.vpcId,
          newest.subnetId,
          newest.instanceId,
          newest.type,
          newest.description,
          newest.tags["Name"] ?? null,
          newest.groupIds.join("\n"),
          [...newest.addresses.map(formatAddress), ...newest.prefixes.map(formatPrefix)].join("\n"),
          owners.join("\n"),
          toDate(attachedAt ?? since),
          toDate(until),
        ];
  }
}

/** Replaces the rules by those of the model. */
export async function replaceRules(connection: DuckDBConnection, model: Model): Promise<void> {
  await connection.run("delete from rule_dim");
  const rows = model.snapshots.flatMap((snapshot, at) => {
    const times = [toDate(snapshot.since), toDate(model.snapshots[at + 1]?.since ?? null)];
    return ruleRows(snapshot, times);
  });
  await appendRows(connection, "rule_dim", "-----i--ii---u", rows);
}

function ruleRows(snapshot: Snapshot, times: readonly (Date | null)[]): Cell[][] {
  const rows: Cell[][] = [];
  const attached = new Map<string, number>();
  for (const one of snapshot.interfaces.values()) {
    for (const owner of ownersOf(snapshot, one)) attached.set(owner, (attached.get(owner) ?? 0) + 1);
  }
  type Listed = SecurityGroupRule | NetworkAclEntry;
  const rest = (owner: string, { origin, icmp }: Listed, peer: Peer | null, unlogged: boolean): Cell[] => [
    attached.get(owner) ?? 0,
    snapshot.name,
    ...times,
    origin.file,
    origin.pointer,
    unlogged,
    icmp !== null && icmp.type >= 0 ? "icmp_type_unknown" : peer === null ? null : doubtOf(peer, snapshot),
  ];
  for (const group of snapshot.securityGroups.values()) {
    for (const rule of group.rules) {
      const open = rule.peer.kind === "cidr" && rule.peer.prefix.length === 0;
      const what = [
        null,
        "allow",
        protocolName(rule.protocol),
        ...range(rule),
        peerText(rule.peer),
        rule.description,
        open,
      ];
      const prefix = rule.peer.kind === "cidr" ? rule.peer.prefix : null;
      const unlogged = isUnlogged(snapshot, group.vpcId, { ...rule, prefix });
      rows.push([
        rule.id,
        "sg",
        group.id,
        group.name,
        rule.direction,
        ...what,
        ...rest(group.id, rule, rule.peer, unlogged),
      ]);
    }
  }
  for (const acl of snapshot.networkAcls.values()) {
    for (const entry of acl.entries) {
      const open = entry.action === "allow" && entry.prefix.length === 0;
      const peer = formatPrefix(entry.prefix);
      const what = [entry.number, entry.action, protocolName(entry.protocol), ...range(entry), peer, "", open];
      const unlogged = isUnlogged(snapshot, acl.vpcId, entry);
      rows.push([entry.id, "nacl", acl.id, acl.name, entry.direction, ...what, ...rest(acl.id, entry, null, unlogged)]);
    }
  }
  return rows;
}

/** Why records cannot tell whether an address is one of the peer's; null where they can. */
function doubtOf(peer: Peer, snapshot: Snapshot): string | null {
  const { state } = resolverOf(snapshot).addressesOf(peer);
  return state === PEER_UNRESOLVED ? "unresolved_reference" : state === PEER_NLB ? "nlb_client_ip" : null;
}

/** `from_port` and `to_port` as AWS shows them: ports, or ICMP type and code. */
function range(rule: SecurityGroupRule | NetworkAclEntry): [number | null, number | null] {
  return rule.icmp ? [rule.icmp.type, rule.icmp.code] : [rule.ports?.from ?? null, rule.ports?.to ?? null];
}

const aclsOfSubnets = new WeakMap<Snapshot, Map<string, string>>();

/** The groups of an interface and the network ACL of its subnet. */
function ownersOf(snapshot: Snapshot, one: NetworkInterface): string[] {
  let acls = aclsOfSubnets.get(snapshot);
  if (!acls) {
    acls = new Map(
      [...snapshot.networkAcls.values()].flatMap((acl) => acl.subnetIds.map((subnet) => [subnet, acl.id])),
    );
    aclsOfSubnets.set(snapshot, acls);
  }
  const acl = one.subnetId === null ? undefined : acls.get(one.subnetId);
  return [...new Set(one.groupIds), ...(acl === undefined ? [] : [acl])];
}

function peerText(peer: Peer): string {
  return peer.kind === "cidr" ? formatPrefix(peer.prefix) : peer.id;
}

function toDate(seconds: number | null): Date | null {
  return seconds === null ? null : new Date(seconds * 1000);
}
