import { ruleText } from "../rows.ts";
import type { Severity } from "../../analysis/lint/finding.ts";
import type { Plain } from "../../store/evidence-query.ts";
import { count, firstOf, plural } from "../../text.ts";
import type { FindingKind, FindingRow, FindingState } from "./finding.ts";

/** Causes that explain a mismatch without a fault in the configuration. */
const EXPLAINED = new Set([
  "late_packet",
  "no_tracked_connection",
  "tracked_after_rule_change",
  "config_changed_in_record",
  "interface_from_other_snapshot",
  "icmp_error_of_tracked_flow",
]);

function mismatchSeverity({ agreement, cause }: FindingRow): Severity {
  if (EXPLAINED.has(text(cause))) return "low";
  return agreement === "unexpected_accept" ? "high" : "medium";
}

const MISMATCH_WORDS: Readonly<Record<string, string>> = {
  unexpected_accept: "accepted, but the model denies",
  unexpected_reject: "rejected, but the model allows",
};

function mismatchText(row: FindingRow): string {
  const by = text(row.nacl_rule_id) === "" ? "" : `; network ACL entry ${text(row.nacl_rule_id)}`;
  return `${MISMATCH_WORDS[text(row.agreement)] ?? text(row.agreement)} (${text(row.cause)}${by})`;
}

/** By default, the resources are the columns of the key that name an interface or an address. */
const detection = (key: string[], rest: Partial<KindDetails> = {}): KindDetails => ({
  class: "detection",
  key,
  resources: key.filter((name) => /^(interface_id|source|peer|address|server|srcaddr|dstaddr)$/.test(name)),
  ...rest,
});

const compliance = (key: string[], rest: Partial<KindDetails> = {}): KindDetails => ({
  class: "compliance",
  key,
  resources: key.filter((name) => name === "interface_id"),
  ...rest,
});

/** A finding about one rule of a group or network ACL. */
const aboutRule = (rest: Partial<KindDetails>): KindDetails =>
  compliance(["rule_id"], { rules: () => ["rule_id"], resources: ["owner_id"], ...rest });

/** Mismatches between log and configuration. */
export const MISMATCH_KINDS: Readonly<Record<string, KindDetails>> = {
  mismatches: compliance(
    ["interface_id", "agreement", "cause", "decided_by", "nacl_rule_id", "srcaddr", "dstaddr", "protocol"],
    {
      // Client ports and times differ between records of the same mismatch.
      rules: () => ["nacl_rule_id"],
      severity: mismatchSeverity,
      message: (row) =>
        `${text(row.srcaddr)} -> ${text(row.dstaddr)} port ${text(row.dstport)} protocol ${text(row.protocol)} at ${text(row.interface_id)} was ${mismatchText(row)}`,
    },
  ),
  "mismatch-summary": compliance(["agreement", "cause", "decided_by", "nacl_rule_id"], {
    rules: () => ["nacl_rule_id"],
    resources: ["example_interface"],
    severity: mismatchSeverity,
    message: (row) => `${plural(row.records, "record was", "records were")} ${mismatchText(row)}`,
  }),
  "mismatch-by-interface": compliance(["interface_id", "agreement", "cause"], {
    severity: mismatchSeverity,
    message: (row) =>
      `at ${text(row.interface_id)} ${plural(row.records, "record was", "records were")} ${mismatchText(row)}`,
  }),
  "model-gaps": compliance(["agreement", "cause", "interface_id", "direction"], {
    message: (row) =>
      `${plural(row.records, `${text(row.direction)} record`.trim())} at ${text(row.interface_id)}: ${text(row.agreement)} (${text(row.cause)})`,
  }),
  "nacl-return-path": compliance(["nacl_rule_id", "direction", "protocol"], {
    rules: () => ["nacl_rule_id"],
    resources: ["owner_id"],
    message: (row) =>
      `${text(row.nacl_rule_id)} blocks the replies of ${plural(row.connections, "connection")}; it would have to allow ${text(row.direction)} ports ${text(row.missing_from_port)}-${text(row.missing_to_port)}`,
  }),
};

/** Detections in the traffic. */
export const DETECTION_KINDS: Readonly<Record<string, KindDetails>> = {
  "rejected-probes": detection(["source", "scan_kind"], {
    resources: ["source", "interfaces"],
    // An ordinary client that was rejected is no scanner.
    state: (row) => (row.scan_kind === null ? null : "fail"),
    severity: (row) => (row.scan_kind === "lateral" ? "high" : "low"),
    message: (row) =>
      `${text(row.source)} (${text(row.origin)}) scans (${text(row.scan_kind)}): ${plural(row.records, "rejected record")}, ${plural(row.port_count, "port")}, ${plural(row.interface_count, "interface")}`,
  }),
  "probes-on-open-rules": detection(["source", "rule_id", "interface_id", "protocol", "port"], {
    rules: () => ["rule_id"],
    message: (row) =>
      `${text(row.rule_id)} admits the scanner ${text(row.source)} to port ${text(row.port)} of ${text(row.interface_id)}: ${plural(row.connections, "connection")}, ${text(row.meaningful)} of them meaningful`,
  }),
  "brute-force": detection(["source", "interface_id", "port", "outcome"], {
    severity: (row) => (row.outcome === "refused" ? "low" : "high"),
    message: (row) =>
      `${text(row.source)} tried login port ${text(row.port)} of ${text(row.interface_id)} ${plural(row.tries, "time")} (${text(row.outcome)})`,
  }),
  "scan-vertical": detection(["source", "interface_id"]),
  "scan-horizontal": detection(["source", "scan_kind"]),
  "scan-slow": detection(["source"]),
  "accepted-after-reject": detection(["source", "interface_id", "protocol", "port"], {
    rules: () => ["rule_ids"],
    message: (row) =>
      `${text(row.source)} was rejected ${plural(row.refused_records, "time")} at port ${text(row.port)} of ${text(row.interface_id)} and later admitted by ${few(list(row.rule_ids))}`,
  }),
  "admin-ports-from-internet": detection(["source", "interface_id", "port"], {
    rules: () => ["rule_ids"],
    message: (row) =>
      `${text(row.source)} reaches port ${text(row.port)} of ${text(row.interface_id)} from the internet through ${few(list(row.rule_ids))}`,
  }),
  "beacon-regularity": detection(["interface_id", "peer", "protocol", "port"]),
  "exfil-ratio": detection(["interface_id", "peer"]),
  "ioc-match": detection(["address", "interface_id", "action", "direction"]),
  "lateral-internal": detection(["source"]),
  "long-lived": detection(["interface_id", "srcaddr", "dstaddr", "dstport", "protocol"]),
  "new-peers": detection(["interface_id", "direction", "peer"]),
  "off-hours": detection(["interface_id", "direction", "peer", "protocol", "port"]),
  "unapproved-dns": detection(["server", "interface_id", "protocol", "port"]),
  "unusual-protocol": detection(["protocol", "interface_id", "srcaddr", "dstaddr", "action"]),
};

/** Gaps in the evidence. */
export const HEALTH_KINDS: Readonly<Record<string, KindDetails>> = {
  coverage: compliance(["interface_id"], {
    state: (row) => (row.evidence === "complete" ? null : "fail"),
    severity: () => "low",
    message: (row) =>
      `evidence at ${text(row.interface_id)} is incomplete (${text(row.evidence)}): ${plural(row.gap_minutes, "minute")} missing, SKIPDATA in ${plural(row.skipdata_minutes, "minute")}`,
  }),
  gaps: compliance(["interface_id", "from_time"]),
  skipdata: compliance(["interface_id", "hour"]),
  "unknown-interfaces": compliance(["interface_id"]),
  "format-drift": compliance(["source_object", "difference"]),
  "bad-lines": compliance(["reason"], { severity: () => "low" }),
};

/** Findings on rules. */
export const RULE_KINDS: Readonly<Record<string, KindDetails>> = {
  "unused-rules": aboutRule({
    state: ({ status, removed_at }) => {
      // The rule was already removed.
      if (typeof removed_at === "string") return null;
      if (isOpen(status)) return "open";
      return status === "unused" || status === "unattached" ? "fail" : null;
    },
    severity: (row) => (row.status === "unattached" ? "low" : row.open_to_world === true ? "high" : "medium"),
    message: (row) => `${text(row.status).replace("_", " ")}: ${ruleOfOwner(row)}: ${text(row.reason)}`,
  }),
  "stale-open-rules": aboutRule({
    state: ({ usage_class, status }) => (usage_class === "real" ? null : stateOf(status)),
    severity: (row) => (row.attached_interfaces === 0 ? "low" : "high"),
    message: (row) =>
      `open to the world without real use (${text(row.usage_class)}): ${ruleOfOwner(row)}; ${text(row.suggested_replacement)}${doubtOf(row)}`,
  }),
  "redundant-rules": aboutRule({
    state: ({ status }) => stateOf(status),
    covering: ["covered_by"],
    message: (row) => {
      const by = list(row.covered_by);
      const others = by.length > 0 ? few(by) : `${few(list(row.shared_with))} together`;
      return `${others} also ${by.length === 1 ? "admits" : "admit"} every connection of ${ruleOfOwner(row)} (${count(row.connections)})${doubtOf(row)}`;
    },
  }),
  "overbroad-rules": aboutRule({
    state: ({ status }) => stateOf(status),
    message: (row) => {
      const ports = list(row.used_ports);
      const used = ports.length > 0 ? `ports ${few(ports)}` : "no ports";
      return `much wider than its use: ${ruleOfOwner(row)}; real use: ${used} by ${plural(row.used_peers, "peer")} in ${few(list(row.used_networks))}${doubtOf(row)}`;
    },
  }),
  "shadowed-rules": aboutRule({
    covering: ["covered_by"],
    severity: (row) => (row.kind === "shadowed" ? "medium" : "low"),
    message: (row) => `${text(row.kind)}: ${ruleOfOwner(row)} is covered by ${few(list(row.covered_by))}`,
  }),
};

/** What the log cannot prove, or not yet. */
function isOpen(status: Plain | undefined): boolean {
  return status === "insufficient_evidence" || status === "short_window";
}

function stateOf(status: Plain | undefined): FindingState {
  return isOpen(status) ? "open" : "fail";
}

/** Why the finding is open. */
function doubtOf({ status, reason }: FindingRow): string {
  return isOpen(status) ? `; ${text(status).replace("_", " ")}: ${text(reason)}` : "";
}

/** `ingress tcp 8443 from 0.0.0.0/0 (sgr-…) of sg-app`. */
function ruleOfOwner(row: FindingRow): string {
  const owner = text(row.owner_name) === "" ? text(row.owner_id) : text(row.owner_name);
  return `${ruleText(row)} (${text(row.rule_id)}) of ${owner}`;
}

/**
 * What the header of a report does not say about its findings. By default, every row is a finding, with the severity of the
 * report, and the title of the report and the key as message.
 */
export type KindDetails = Pick<FindingKind, "class" | "key"> & Partial<FindingKind>;

export function text(value: Plain | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

function list(value: Plain | undefined): string[] {
  return Array.isArray(value) ? (value as Plain[]).map(text) : [];
}

/** People stop reading a list at a handful. */
function few(items: readonly string[]): string {
  return items.length === 0 ? "none" : firstOf(items);
}
