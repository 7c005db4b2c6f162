import type { FindingRow, FindingState } from "./finding.ts";
import { few, type KindDetails, list, portText, text } from "./kind-details.ts";

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
