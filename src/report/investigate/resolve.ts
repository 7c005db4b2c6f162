import { AppError } from "../../errors.ts";
import type { Model, NetworkInterface, Snapshot } from "../../model/model.ts";
import { formatAddress, type Prefix } from "../../net/address.ts";
import { hostPrefix, parseAddress, parsePrefix } from "../../net/parse.ts";
import { holdsPrefix } from "../../net/prefixes.ts";
import type { EvidenceQuery } from "../../store/evidence-query.ts";
import { queryRows, type Row } from "../rows.ts";
import { parseSubject, type Subject, type SubjectRecords } from "./subject.ts";

/** The subject with what the evidence file has about it. */
export interface ResolvedSubject {
  readonly subject: Subject;
  /** The configuration in force at the end of the period; null without a model. */
  readonly snapshot: Snapshot | null;
  readonly model: Model | null;
  /** Interfaces of the subject in the evidence file, in their newest state. */
  readonly listed: readonly Row[];
  /** Those of them that are in the snapshot. */
  readonly interfaces: readonly NetworkInterface[];
  /** The rule, if the subject is one; all rules of a group. */
  readonly rules: readonly Row[];
  /** Whether the configuration has it. Without that and without records it is unknown. */
  readonly configured: boolean;
}

/** `at`: Unix seconds. Throws `E_USAGE` for a text that is no subject. */
export async function resolveSubject(
  evidence: EvidenceQuery,
  model: Model | null,
  text: string,
  at: number,
): Promise<ResolvedSubject> {
  const subject = parseSubject(text) ?? (await refuse(evidence, text));
  const snapshot = model?.snapshots.findLast(({ since }, index) => index === 0 || (since ?? 0) <= at) ?? null;
  const listed = await listInterfaces(evidence, subject);
  const interfaces = listed.flatMap((row) => snapshot?.interfaces.get(String(row.interface_id)) ?? []);
  const rules = await rulesOf(evidence, subject);
  const configured =
    listed.length > 0 || rules.length > 0 || (model?.snapshots.some((each) => speaksOf(each, subject)) ?? false);
  return { subject, snapshot, model, listed, interfaces, rules, configured };
}

/** Rules and records have ids, not names; the hint gives the id of a name. */
async function refuse(evidence: EvidenceQuery, text: string): Promise<never> {
  const [found] = await queryRows(
    evidence,
    `select interface_id as id from interface_dim where lower(name) = lower($text)
     union all select owner_id from rule_dim where lower(owner_name) = lower($text) or owner_id = $text
     limit 1`,
    { text },
  );
  const id = String(found?.id ?? "");
  throw new AppError("E_USAGE", `cannot investigate ${text}: it is not an address, block or id`, {
    hint: id.startsWith("acl-")
      ? `give an entry of the network ACL, e.g. ${id}/ingress/100`
      : found
        ? `${text} is the name of ${id}`
        : "give an address, a block, eni-…, i-…, sg-… or the id of a rule",
  });
}

/** Conditions on `interface_dim` for the interfaces of a subject that is not an address. */
const LISTED: Readonly<Record<Exclude<Subject["kind"], "address" | "block">, string>> = {
  interface: "interface_id = $id",
  instance: "instance_id = $id",
  group: "list_contains(owner_ids, $id)",
  rule: "interface_idx in (select interface_idx from rule_interfaces where rule_id = $id)",
};

async function listInterfaces(evidence: EvidenceQuery, subject: Subject): Promise<Row[]> {
  if (!("prefix" in subject)) {
    const sql = `select * from interface_dim where ${LISTED[subject.kind]} order by interface_id`;
    return queryRows(evidence, sql, { id: subject.id });
  }
  const all = await queryRows(evidence, "select * from interface_dim where len(addresses) > 0 order by interface_id");
  return all.filter(({ addresses }) => (addresses as readonly string[]).some((text) => touches(subject.prefix, text)));
}

/** Whether the block contains the address, or block and delegated prefix overlap. */
function touches(block: Prefix, text: string): boolean {
  const address = parseAddress(text);
  if (address !== null) return holdsPrefix(block, hostPrefix(address));
  const prefix = parsePrefix(text)?.prefix;
  return prefix !== undefined && (holdsPrefix(block, prefix) || holdsPrefix(prefix, block));
}

async function rulesOf(evidence: EvidenceQuery, subject: Subject): Promise<Row[]> {
  if (subject.kind !== "rule" && subject.kind !== "group") return [];
  const column = subject.kind === "rule" ? "rule_id" : "owner_id";
  const sql = `select * from rules where ${column} = $id order by direction desc, rule_id`;
  return queryRows(evidence, sql, { id: subject.id });
}

/** Whether the configuration has the group, or a subnet or rule with the address or block. */
function speaksOf(snapshot: Snapshot, subject: Subject): boolean {
  if (subject.kind === "group") return snapshot.securityGroups.has(subject.id);
  if (!("prefix" in subject)) return false;
  return networkLocations(snapshot, subject.prefix).length > 0 || namingRules(snapshot, subject.prefix).length > 0;
}

/** Subnets that contain the block or part of it; without subnets, VPCs. */
export function networkLocations(snapshot: Snapshot, block: Prefix): string[] {
  const holding = (one: { readonly prefixes: readonly Prefix[] }): boolean =>
    one.prefixes.some((prefix) => holdsPrefix(prefix, block) || holdsPrefix(block, prefix));
  const subnets = [...snapshot.subnets.values()].filter(holding);
  const locations = subnets.length > 0 ? subnets : [...snapshot.vpcs.values()].filter(holding);
  return locations.map(({ id, name }) => (name === "" ? id : `${id} (${name})`));
}

/** Group rules and network ACL entries for a block that contains this one, except rules for any address. */
export function namingRules(snapshot: Snapshot, block: Prefix): string[] {
  const names = (prefix: Prefix): boolean => prefix.length > 0 && holdsPrefix(prefix, block);
  const lists = new Set(
    [...snapshot.prefixLists.values()].flatMap(({ id, entries }) => (entries?.some(names) ? id : [])),
  );
  const groupRules = [...snapshot.securityGroups.values()].flatMap((group) =>
    group.rules.filter(({ peer }) =>
      peer.kind === "cidr" ? names(peer.prefix) : peer.kind === "prefix-list" && lists.has(peer.id),
    ),
  );
  const entries = [...snapshot.networkAcls.values()].flatMap((acl) =>
    acl.entries.filter(({ prefix }) => names(prefix)),
  );
  return [...groupRules, ...entries].map(({ id }) => id);
}

/** The interfaces of the subject, and all addresses that they ever had. */
export function subjectRecords({ subject, listed, model }: ResolvedSubject): SubjectRecords {
  const interfaceIds = listed.map((row) => String(row.interface_id));
  const ever =
    model?.snapshots.flatMap(({ interfaces }) => interfaceIds.flatMap((id) => interfaces.get(id) ?? [])) ?? [];
  const addresses = new Set(ever.flatMap((one) => one.addresses.map(formatAddress)));
  const interfaceIdx = listed.map((row) => Number(row.interface_idx));
  return { subject, interfaceIds, interfaceIdx, addresses: subject.kind === "rule" ? [] : [...addresses] };
}
