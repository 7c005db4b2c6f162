import type { Severity } from "../../analysis/lint/finding.ts";
import type { Plain } from "../../store/evidence-query.ts";
import type { FindingClass, FindingRow, FindingState } from "./finding.ts";

/** Causes that explain a mismatch by what a record cannot say, not by a fault of the configuration. */
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

/** The entry that a record met is at issue only where a network ACL decided, not a group behind it. */
function decidingEntry(row: FindingRow): readonly string[] {
  return text(row.decided_by).startsWith("nacl") ? ["nacl_rule_id"] : [];
}

function mismatchText(row: FindingRow): string {
  const by = decidingEntry(row).length === 0 ? "" : `; network ACL entry ${text(row.nacl_rule_id)}`;
  return `${MISMATCH_WORDS[text(row.agreement)] ?? text(row.agreement)} (${text(row.cause)}${by})`;
}

/** Where log and configuration disagree. */
export const MISMATCH_KINDS: Readonly<Record<string, KindDetails>> = {
  mismatches: {
    class: "compliance",
    // Client ports and times differ from record to record of the same disagreement.
    key: ["interface_id", "agreement", "cause", "decided_by", "nacl_rule_id", "srcaddr", "dstaddr", "protocol"],
    rules: decidingEntry,
    resources: ["interface_id"],
    severity: mismatchSeverity,
    message: (row) =>
      `${text(row.srcaddr)} -> ${text(row.dstaddr)} port ${text(row.dstport)} protocol ${text(row.protocol)} at ${text(row.interface_id)} was ${mismatchText(row)}`,
  },
  "mismatch-summary": {
    class: "compliance",
    key: ["agreement", "cause", "decided_by", "nacl_rule_id"],
    rules: decidingEntry,
    resources: ["example_interface"],
    severity: mismatchSeverity,
    message: (row) => `${text(row.records)} records were ${mismatchText(row)}`,
  },
  "mismatch-by-interface": {
    class: "compliance",
    key: ["interface_id", "agreement", "cause"],
    resources: ["interface_id"],
    severity: mismatchSeverity,
    message: (row) => `${text(row.records)} records at ${text(row.interface_id)} were ${mismatchText(row)}`,
  },
  "model-gaps": {
    class: "compliance",
    key: ["agreement", "cause", "interface_id", "direction"],
    resources: ["interface_id"],
    message: (row) =>
      `${text(row.records)} ${text(row.direction)} records at ${text(row.interface_id)} are ${text(row.agreement)}: ${text(row.cause)}`,
  },
  "nacl-return-path": {
    class: "compliance",
    key: ["nacl_rule_id", "direction", "protocol"],
    rules: ["nacl_rule_id"],
    resources: ["owner_id"],
    message: (row) =>
      `${text(row.nacl_rule_id)} drops answers of ${text(row.connections)} connections; it would have to let ${text(row.direction)} ports ${text(row.missing_from_port)}-${text(row.missing_to_port)} through`,
  },
};

const detection = (key: string[], rest: Partial<KindDetails> = {}): KindDetails => ({
  class: "detection",
  key,
  resources: key.filter((name) => /^(interface_id|source|peer|address|server|srcaddr|dstaddr)$/.test(name)),
  ...rest,
});

/** What traffic shows. */
export const DETECTION_KINDS: Readonly<Record<string, KindDetails>> = {
  "rejected-probes": detection(["source", "scan_kind"], {
    resources: ["source", "interfaces"],
    // A client that was refused is no scanner.
    state: (row) => (row.scan_kind === null ? null : "fail"),
    severity: (row) => (row.scan_kind === "lateral" ? "high" : "low"),
    message: (row) =>
      `${text(row.source)} (${text(row.origin)}) scans: ${text(row.scan_kind)}, ${text(row.records)} refused records, ${text(row.port_count)} ports, ${text(row.interface_count)} interfaces`,
  }),
  "probes-on-open-rules": detection(["source", "rule_id", "interface_id", "protocol", "port"], {
    rules: ["rule_id"],
    message: (row) =>
      `the scanner ${text(row.source)} gets through ${text(row.rule_id)} to port ${text(row.port)} of ${text(row.interface_id)}: ${text(row.connections)} connections, ${text(row.meaningful)} of them meaningful`,
  }),
  "brute-force": detection(["source", "interface_id", "port", "outcome"], {
    severity: (row) => (row.outcome === "refused" ? "low" : "high"),
    message: (row) =>
      `${text(row.source)} tried login port ${text(row.port)} of ${text(row.interface_id)} ${text(row.tries)} times (${text(row.outcome)})`,
  }),
  "scan-vertical": detection(["source", "interface_id"]),
  "scan-horizontal": detection(["source", "scan_kind"]),
  "scan-slow": detection(["source"]),
  "accepted-after-reject": detection(["source", "interface_id", "protocol", "port"], {
    rules: ["rule_ids"],
    message: (row) =>
      `${text(row.source)} was refused ${text(row.refused_records)} times at port ${text(row.port)} of ${text(row.interface_id)} and then let in by ${few(list(row.rule_ids))}`,
  }),
  "admin-ports-from-internet": detection(["source", "interface_id", "port"], {
    rules: ["rule_ids"],
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

/** Where the evidence is not whole. */
export const HEALTH_KINDS: Readonly<Record<string, KindDetails>> = {
  coverage: {
    class: "compliance",
    key: ["interface_id"],
    resources: ["interface_id"],
    state: (row) => (row.evidence === "complete" ? null : "fail"),
    severity: () => "low",
    message: (row) =>
      `evidence at ${text(row.interface_id)} is incomplete (${text(row.evidence)}): ${text(row.gap_minutes)} minutes missing, SKIPDATA in ${text(row.skipdata_minutes)}`,
  },
  gaps: { class: "compliance", key: ["interface_id", "from_time"], resources: ["interface_id"] },
  skipdata: { class: "compliance", key: ["interface_id", "hour"], resources: ["interface_id"] },
  "unknown-interfaces": { class: "compliance", key: ["interface_id"], resources: ["interface_id"] },
  "format-drift": { class: "compliance", key: ["source_object", "difference"] },
  "bad-lines": { class: "compliance", key: ["reason"], severity: () => "low" },
};

/** What reports on rules state. Their severity is that of the report where nothing else is said. */
export const RULE_KINDS: Readonly<Record<string, KindDetails>> = {
  "unused-rules": {
    class: "compliance",
    key: ["rule_id"],
    rules: ["rule_id"],
    resources: ["owner_id"],
    state: ({ status, removed_at }) => {
      // Nobody has to remove what is gone.
      if (typeof removed_at === "string") return null;
      if (status === "insufficient_evidence") return "open";
      return status === "unused" || status === "unattached" ? "fail" : null;
    },
    severity: (row) => (row.status === "unattached" ? "low" : row.open_to_world === true ? "high" : "medium"),
    message: (row) => `${text(row.status).replace("_", " ")}: ${ruleText(row)}: ${text(row.reason)}`,
  },
  "stale-open-rules": {
    class: "compliance",
    key: ["rule_id"],
    rules: ["rule_id"],
    resources: ["owner_id"],
    state: ({ usage_class, evidence, attached_interfaces }): FindingState | null => {
      if (usage_class === "real") return null;
      return attached_interfaces === 0 || evidence === "complete" ? "fail" : "open";
    },
    severity: (row) => (row.attached_interfaces === 0 ? "low" : "high"),
    message: (row) =>
      `open to the world without real use (${text(row.usage_class)}): ${ruleText(row)}; ${text(row.suggested_replacement)}`,
  },
  "redundant-rules": {
    class: "compliance",
    key: ["rule_id"],
    rules: ["rule_id"],
    resources: ["owner_id"],
    covering: ["covered_by"],
    message: (row) => {
      const by = list(row.covered_by);
      const others = by.length > 0 ? few(by) : `${few(list(row.shared_with))} together`;
      return `all ${text(row.connections)} connections of ${ruleText(row)} are also admitted by ${others}`;
    },
  },
  "overbroad-rules": {
    class: "compliance",
    key: ["rule_id"],
    rules: ["rule_id"],
    resources: ["owner_id"],
    message: (row) => {
      const ports = list(row.used_ports);
      const used = ports.length > 0 ? `ports ${few(ports)}` : "no ports";
      return `much wider than its use: ${ruleText(row)}; really used: ${used} by ${text(row.used_peers)} peers in ${few(list(row.used_networks))}`;
    },
  },
  "shadowed-rules": {
    class: "compliance",
    key: ["rule_id"],
    rules: ["rule_id"],
    resources: ["owner_id"],
    covering: ["covered_by"],
    severity: (row) => (row.kind === "shadowed" ? "medium" : "low"),
    message: (row) => `${text(row.kind)}: ${ruleText(row)} is covered by ${few(list(row.covered_by))}`,
  },
};

/** `ingress allow tcp 8443 from 0.0.0.0/0 (sgr-…) of sg-app`. */
function ruleText(row: FindingRow): string {
  const deny = row.action === "deny" ? "deny " : "";
  const toward = row.direction === "egress" ? "to" : "from";
  const owner = text(row.owner_name) === "" ? text(row.owner_id) : text(row.owner_name);
  return `${text(row.direction)} ${deny}${text(row.protocol)}${portText(row)} ${toward} ${text(row.peer)} (${text(row.rule_id)}) of ${owner}`;
}

/** What the header of a report does not say of its findings. */
export interface KindDetails {
  readonly class: FindingClass;
  readonly key: readonly string[];
  readonly rules?: readonly string[] | ((row: FindingRow) => readonly string[]);
  readonly resources?: readonly string[];
  readonly covering?: readonly string[];
  /** Absent: every row is one. */
  readonly state?: (row: FindingRow) => FindingState | null;
  /** Absent: that of the report. */
  readonly severity?: (row: FindingRow) => Severity;
  /** Absent: the key. */
  readonly message?: (row: FindingRow) => string;
}

export function text(value: Plain | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

function list(value: Plain | undefined): string[] {
  return Array.isArray(value) ? (value as Plain[]).map(text) : [];
}

/** The first of a list and how many more there are; what follows is for people, who stop at a handful. */
function few(items: readonly string[], shown = 8): string {
  if (items.length === 0) return "none";
  const more = items.length - shown;
  return items.slice(0, shown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** ` 443`, ` 8000-8080`, or nothing where all ports match; ICMP types are no ports. */
function portText({ protocol, from_port: from, to_port: to }: FindingRow): string {
  if (from === null || from === undefined || text(protocol).startsWith("icmp")) return "";
  return from === to ? ` ${text(from)}` : ` ${text(from)}-${text(to)}`;
}
