import type { NetworkInterface, Snapshot } from "../../model/model.ts";
import { formatAddress } from "../../net/address.ts";
import type { EvidenceQuery } from "../../store/evidence-query.ts";
import { count, firstOf, plainTime, plural } from "../../text.ts";
import { queryRows, type Row, ruleText } from "../rows.ts";
import { addressParameters, ofSubject } from "./records-sql.ts";
import { type ResolvedSubject, namingRules, networkLocations, subjectRecords } from "./resolve.ts";
import { type SectionFact, factSection, type InvestigationSection } from "./sections.ts";

/** Most interfaces to list. */
const LISTED = 8;

/** The subject in the configuration and in the log. */
export async function subjectSection(
  evidence: EvidenceQuery,
  known: ResolvedSubject,
  refused: number,
): Promise<InvestigationSection> {
  const facts = [
    ...(await subjectFacts(evidence, known, refused)),
    ...(known.snapshot === null
      ? [["model", "none: replayed without a configuration"] as const]
      : snapshotFacts(known)),
    ...(await evidenceFacts(evidence, known)),
  ];
  return factSection("subject", "Subject", facts);
}

async function subjectFacts(evidence: EvidenceQuery, known: ResolvedSubject, refused: number): Promise<SectionFact[]> {
  const { subject, listed } = known;
  if (subject.kind === "group") return groupFacts(known);
  if (subject.kind === "rule") return ruleFacts(evidence, known);
  return [
    ...(listed.length === 0 ? foreignFacts(known) : interfaceFacts(known)),
    ["scans", refused >= FEWEST_REFUSED ? await scanText(evidence, known) : ""],
  ];
}

/** An address that no interface has. */
function foreignFacts({ subject, snapshot }: ResolvedSubject): SectionFact[] {
  if (!("prefix" in subject) || snapshot === null) return [];
  const locations = networkLocations(snapshot, subject.prefix);
  const inside = locations.length > 0 ? `inside ${firstOf(locations, 3)}, but ` : "";
  return [
    ["location", `${inside}no interface of the model has it`],
    ["named by rules", firstOf(namingRules(snapshot, subject.prefix), 5)],
  ];
}

/** Fewer rejected requests are never a scan. */
const FEWEST_REFUSED = 8;

const SCANS = /* sql */ `
select address_text(src, src6) as address, scan_kind, records, targets, most_ports
from scan_sources()
where ${ofSubject("src", 4)} or ${ofSubject("src6", 6)}
order by pairs desc, src, src6`;

/** The kind of scan that the rejected requests look like, as in the report rejected-probes. */
async function scanText(evidence: EvidenceQuery, known: ResolvedSubject): Promise<string> {
  const found = await queryRows(evidence, SCANS, addressParameters(subjectRecords(known)));
  if (found.length === 0) return "none: the rejected requests do not look like a scan";
  const texts = found.map(
    (row) =>
      `${String(row.address)} ${String(row.scan_kind)}: ${plural(row.records, "rejected record")}, ${plural(row.targets, "target")}, up to ${plural(row.most_ports, "port")} per target`,
  );
  return firstOf(texts, 3);
}

function interfaceFacts(known: ResolvedSubject): SectionFact[] {
  const { listed } = known;
  if (listed.length !== 1) {
    return listed
      .map((row): SectionFact => [String(row.interface_id), oneLine(row, known.snapshot)])
      .slice(0, LISTED)
      .concat(listed.length > LISTED ? [["and", `${plural(listed.length - LISTED, "more interface")}`] as const] : []);
  }
  const [row] = listed;
  const one = known.interfaces[0];
  const text = (name: string): string | null => (row[name] === null ? null : String(row[name]));
  return [
    ["interface", text("interface_id")],
    ["name", text("name")],
    ["description", text("description")],
    ["type", row.interface_type === "interface" ? null : text("interface_type")],
    ["instance", text("instance_id")],
    ["addresses", firstOf((row.addresses as readonly string[] | null) ?? [])],
    ["public", one === undefined ? null : firstOf(one.publicAddresses.map(formatAddress))],
    ["groups", groupsText((row.group_ids as readonly string[] | null) ?? [], known.snapshot)],
    ["subnet", subnetText(text("subnet_id"), known.snapshot)],
    ["network ACL", aclText(one, known.snapshot)],
    ["vpc", text("vpc_id")],
    ["account", text("account_id")],
    ["not in model", row.modelled === true ? null : "no snapshot of the model has this interface"],
    ...historyFacts(String(row.interface_id), known),
  ];
}

function oneLine(row: Row, snapshot: Snapshot | null): string {
  const parts = [
    row.name,
    row.instance_id,
    firstOf((row.addresses as readonly string[] | null) ?? [], 3),
    groupsText((row.group_ids as readonly string[] | null) ?? [], snapshot),
  ];
  return parts.filter((part) => part !== null && part !== "").join("; ");
}

function groupsText(ids: readonly string[], snapshot: Snapshot | null): string {
  const name = (id: string): string => {
    const group = snapshot?.securityGroups.get(id);
    return group === undefined || group.name === "" ? id : `${id} (${group.name})`;
  };
  return ids.length === 0 ? "none: only network ACLs filter it" : firstOf(ids.map(name));
}

function subnetText(id: string | null, snapshot: Snapshot | null): string | null {
  const subnet = id === null ? undefined : snapshot?.subnets.get(id);
  if (subnet === undefined) return id;
  const blocks = subnet.prefixes.map((prefix) => `${formatAddress(prefix)}/${prefix.length}`);
  return [subnet.id, subnet.name === "" ? "" : `(${subnet.name})`, blocks.join(", ")].filter(Boolean).join(" ");
}

function aclText(one: NetworkInterface | undefined, snapshot: Snapshot | null): string | null {
  if (one === undefined || snapshot === null) return null;
  const acl = [...snapshot.networkAcls.values()].findLast(({ subnetIds }) => subnetIds.includes(one.subnetId ?? ""));
  if (acl === undefined) return "not in the model";
  return acl.name === "" ? acl.id : `${acl.id} (${acl.name})`;
}

/** Snapshots that change the groups of the interface, or add or remove it. */
function historyFacts(id: string, { model }: ResolvedSubject): SectionFact[] {
  const snapshots = model?.snapshots ?? [];
  const facts: SectionFact[] = [];
  const groups = (snapshot: Snapshot): string =>
    snapshot.interfaces.get(id)?.groupIds.toSorted().join(", ") ?? "absent";
  for (const [at, snapshot] of snapshots.entries()) {
    const before = at === 0 ? null : groups(snapshots[at - 1]);
    const now = groups(snapshot);
    if (before !== null && before !== now) {
      const what = (text: string): string => (text === "absent" ? "not in the model" : `groups ${text || "none"}`);
      facts.push([`since ${timeText(snapshot.since)}`, `${what(now)}; before: ${what(before)}`]);
    }
  }
  return facts;
}

function groupFacts({ subject, snapshot, listed, rules }: ResolvedSubject): SectionFact[] {
  const group = snapshot?.securityGroups.get(subject.id);
  const referring = [...(snapshot?.securityGroups.values() ?? [])].flatMap(({ rules: all }) =>
    all.flatMap(({ id, peer }) => (peer.kind === "group" && peer.id === subject.id ? id : [])),
  );
  const ruleTexts = rules.map(
    (rule) => `${ruleText(rule)}${rule.valid_to === null ? "" : ` (removed ${shortTime(rule.valid_to)})`}`,
  );
  return [
    ["group", subject.id],
    ["name", group?.name ?? (rules[0]?.owner_name as string | undefined)],
    ["description", group?.description],
    ["vpc", group?.vpcId],
    ["interfaces", listed.length === 0 ? "on no interface" : namesOf(listed)],
    ["rules", firstOf(ruleTexts, 12)],
    ["named as peer by", firstOf(referring)],
  ];
}

function namesOf(interfaces: readonly Row[]): string {
  return `${count(interfaces.length)}: ${firstOf(interfaces.map(({ interface_id: id, name }) => String(name ?? id)))}`;
}

async function ruleFacts(evidence: EvidenceQuery, { subject, rules, listed }: ResolvedSubject): Promise<SectionFact[]> {
  const [rule] = rules;
  if (rule === undefined) return [["rule", `${subject.id}, in no snapshot of the newest model`]];
  const [usage] = await queryRows(evidence, "select * from rule_usage where rule_id = $id", { id: subject.id });
  const used =
    usage === undefined || Number(usage.connections) === 0
      ? "no hit; flowreplay report unused-rules says whether the evidence is complete"
      : rule.layer === "sg"
        ? `${plural(usage.connections, "connection")} (${count(usage.sole_connections)} that no other rule admits), ${plural(usage.distinct_peers, "peer")}, class ${String(usage.usage_class)}`
        : `${plural(usage.connections, "record")}`;
  return [
    ["rule", `${subject.id}: ${ruleText(rule)}`],
    ["description", String(rule.description ?? "")],
    ["of", rule.owner_name === "" ? String(rule.owner_id) : `${rule.owner_id} (${rule.owner_name})`],
    ["on", listed.length === 0 ? "no interface" : namesOf(listed)],
    [
      "existed",
      rule.valid_from === null && rule.valid_to === null
        ? null
        : `from ${shortTime(rule.valid_from) || "before the first snapshot"} to ${shortTime(rule.valid_to) || "now"}`,
    ],
    ["use, whole log", used],
    ["defined in", rule.origin_file === null ? null : `${String(rule.origin_file)} ${String(rule.origin_pointer)}`],
  ];
}

function snapshotFacts({ snapshot, model, listed, interfaces, subject }: ResolvedSubject): SectionFact[] {
  const all = model?.snapshots.length ?? 1;
  const since = snapshot?.since ?? null;
  const which = all === 1 ? "" : `, ${(model?.snapshots.indexOf(snapshot!) ?? 0) + 1} of ${all}`;
  const gone =
    subject.kind !== "rule" && listed.some((row) => row.modelled === true) && interfaces.length < listed.length;
  return [
    ["snapshot", `${snapshot?.name ?? ""}${which}${since === null ? "" : `, in force since ${timeText(since)}`}`],
    ["gone", gone ? `${plural(listed.length - interfaces.length, "interface")} not in this snapshot` : null],
  ];
}

const COVERAGE = /* sql */ `
select evidence, count(*) as interfaces, sum(gap_minutes)::ubigint as gaps, sum(skipdata_minutes)::ubigint as skipped,
  strftime(min(first_evidence), '%Y-%m-%d %H:%M') as first, strftime(max(last_evidence), '%Y-%m-%d %H:%M') as last
from coverage where len($ids::varchar[]) = 0 or interface_id in (select unnest($ids::varchar[])) group by all order by evidence`;

/** Completeness of the log at the interfaces of the subject; at all interfaces for an address that none has. */
async function evidenceFacts(evidence: EvidenceQuery, { subject, listed }: ResolvedSubject): Promise<SectionFact[]> {
  if (listed.length === 0 && !("prefix" in subject)) return [];
  const rows = await queryRows(evidence, COVERAGE, { ids: listed.map((row) => String(row.interface_id)) });
  const texts = rows.map((row) => {
    const at = listed.length === 1 ? "" : ` at ${plural(row.interfaces, "interface")}`;
    if (row.evidence === "none") return `none${at}: not logged`;
    const missing = `${plural(row.gaps, "minute")} missing, SKIPDATA in ${plural(row.skipped, "minute")}`;
    return `${row.evidence === "complete" ? "complete" : `incomplete (${missing})`}${at}, ${String(row.first)} to ${String(row.last)}`;
  });
  return [["log evidence", texts.join("; ")]];
}

export function timeText(seconds: number | null): string {
  return seconds === null ? "" : `${plainTime(seconds)} UTC`;
}

function shortTime(value: unknown): string {
  return value === null || value === undefined
    ? ""
    : String(value)
        .replace("T", " ")
        .replace(/(:\d\d)Z$/, "$1 UTC");
}
