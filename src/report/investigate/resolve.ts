import { AppError } from "../../errors.ts";
import { formatAddress, type Prefix } from "../../net/address.ts";
import { hostPrefix, parseAddress, parsePrefix } from "../../net/parse.ts";
import { holdsPrefix } from "../../net/prefixes.ts";
import type { Model, NetworkInterface, Snapshot } from "../../model/model.ts";
import type { EvidenceQuery } from "../../store/evidence-query.ts";
import { type Row, toRows } from "../summary-text.ts";
import type { Wanted } from "./records-sql.ts";
import { parseSubject, type Subject } from "./subject.ts";

/** The subject with what the evidence file knows of it. */
export interface Known {
  readonly subject: Subject;
  /** The configuration in force at the end of the period; null without a model. */
  readonly snapshot: Snapshot | null;
  readonly model: Model | null;
  /** Interfaces of the subject as the evidence file lists them: their newest state. */
  readonly listed: readonly Row[];
  /** The same in the snapshot, as far as they are in it. */
  readonly interfaces: readonly NetworkInterface[];
  /** The rule, where the subject is one; of a group, all of its rules. */
  readonly rules: readonly Row[];
  /** What of the configuration speaks of it: without that and without records nobody knows it. */
  readonly configured: boolean;
}

/** `at`: Unix seconds. Throws `E_USAGE` for a text that is no subject. */
export async function resolveSubject(
  evidence: EvidenceQuery,
  model: Model | null,
  text: string,
  at: number,
): Promise<Known> {
  const subject = parseSubject(text) ?? (await refuse(evidence, text));
  const snapshot = model?.snapshots.findLast(({ since }, place) => place === 0 || (since ?? 0) <= at) ?? null;
  const listed = await listInterfaces(evidence, subject);
  const interfaces = listed.flatMap((row) => snapshot?.interfaces.get(String(row.interface_id)) ?? []);
  const rules = await rulesOf(evidence, subject);
  const configured =
    listed.length > 0 || rules.length > 0 || (model?.snapshots.some((each) => speaksOf(each, subject)) ?? false);
  return { subject, snapshot, model, listed, interfaces, rules, configured };
}

/** A name is not what rules and records know, but who remembers ids at night? */
async function refuse(evidence: EvidenceQuery, text: string): Promise<never> {
  const named = toRows(
    await evidence.run(
      `select interface_id as id from interface_dim where lower(name) = lower($text)
       union all select owner_id from rule_dim where lower(owner_name) = lower($text) or owner_id = $text
       limit 1`,
      { text },
    ),
  );
  const forms = "an address, a block, eni-…, i-…, sg-… or the id of a rule";
  const [found] = named;
  const id = String(found?.id ?? "");
  throw new AppError("E_USAGE", `cannot investigate ${text}: it is no address, block or id`, {
    hint: id.startsWith("acl-")
      ? `give an entry of the network ACL, e.g. ${id}/ingress/100`
      : found
        ? `${text} is the name of ${id}`
        : `give ${forms}`,
  });
}

/** Conditions on `interface_dim` that pick the interfaces of a subject that is no address. */
const LISTED: Readonly<Record<Exclude<Subject["kind"], "address" | "block">, string>> = {
  interface: "interface_id = $id",
  instance: "instance_id = $id",
  group: "list_contains(owner_ids, $id)",
  rule: "interface_idx in (select interface_idx from rule_interfaces where rule_id = $id)",
};

async function listInterfaces(evidence: EvidenceQuery, subject: Subject): Promise<Row[]> {
  if (!("prefix" in subject)) {
    const sql = `select * from interface_dim where ${LISTED[subject.kind]} order by interface_id`;
    return toRows(await evidence.run(sql, { id: subject.id }));
  }
  const all = toRows(await evidence.run("select * from interface_dim where len(addresses) > 0 order by interface_id"));
  return all.filter(({ addresses }) => (addresses as readonly string[]).some((text) => touches(subject.prefix, text)));
}

/** Does the block hold the address, or the delegated prefix the block, or the other way round? */
function touches(block: Prefix, text: string): boolean {
  const address = parseAddress(text);
  if (address !== null) return holdsPrefix(block, hostPrefix(address));
  const prefix = parsePrefix(text)?.prefix;
  return prefix !== undefined && (holdsPrefix(block, prefix) || holdsPrefix(prefix, block));
}

async function rulesOf(evidence: EvidenceQuery, subject: Subject): Promise<Row[]> {
  if (subject.kind !== "rule" && subject.kind !== "group") return [];
  const column = subject.kind === "rule" ? "rule_id" : "owner_id";
  return toRows(
    await evidence.run(`select * from rules where ${column} = $id order by direction desc, rule_id`, {
      id: subject.id,
    }),
  );
}

/** True where the configuration has a place for it: a group without rules, an address inside a block that is named. */
function speaksOf(snapshot: Snapshot, subject: Subject): boolean {
  if (subject.kind === "group") return snapshot.securityGroups.has(subject.id);
  if (!("prefix" in subject)) return false;
  return placesOf(snapshot, subject.prefix).length > 0 || namingRules(snapshot, subject.prefix).length > 0;
}

/** Subnets (VPCs where there is none) that hold the block. */
export function placesOf(snapshot: Snapshot, block: Prefix): string[] {
  const holding = (one: { readonly prefixes: readonly Prefix[] }): boolean =>
    one.prefixes.some((prefix) => holdsPrefix(prefix, block) || holdsPrefix(block, prefix));
  const subnets = [...snapshot.subnets.values()].filter(holding);
  const places = subnets.length > 0 ? subnets : [...snapshot.vpcs.values()].filter(holding);
  return places.map(({ id, name }) => (name === "" ? id : `${id} (${name})`));
}

/** Group rules and network ACL entries for a block of addresses, not for everybody, that holds this one. */
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

/** Whose records to look for: the subject's interfaces and the addresses that they hold, at any time. */
export function wantedOf({ subject, listed, model }: Known): Wanted {
  const interfaceIds = listed.map((row) => String(row.interface_id));
  const ever =
    model?.snapshots.flatMap(({ interfaces }) => interfaceIds.flatMap((id) => interfaces.get(id) ?? [])) ?? [];
  const addresses = new Set(ever.flatMap((one) => one.addresses.map(formatAddress)));
  const interfaceIdx = listed.map((row) => Number(row.interface_idx));
  return { subject, interfaceIds, interfaceIdx, addresses: subject.kind === "rule" ? [] : [...addresses] };
}
