import { isNumeric } from "../renderers/renderer.ts";
import type { ColumnKind, Entity } from "./page-data.ts";

/** Labels that plain words cannot be made of. */
const LABELS: Readonly<Record<string, string>> = {
  srcaddr: "Source",
  dstaddr: "Destination",
  srcport: "Source port",
  dstport: "Port",
  nacl_rule_id: "Network ACL entry",
  sg_rule_ids: "Group rules",
  rule_id: "Rule",
  interface_id: "Interface",
  owner_name: "Group or ACL",
  owner_id: "Owner",
  usage_class: "Use",
  sole_connections: "Sole",
  distinct_peers: "Peers",
  distinct_ports: "Ports",
  used_port_count: "Ports used",
  port_count: "Ports tried",
  interface_count: "Interfaces hit",
  attached_interfaces: "Interfaces",
  last_hit: "Last hit",
  coverage: "Evidence",
  skipdata_minutes: "SKIPDATA min",
  nodata_minutes: "NODATA min",
};

const ENTITIES: readonly (readonly [RegExp, Entity])[] = [
  [/(^|_)rule_ids?$|^rule$|^covered_by$|^shared_with$/, "rule"],
  [/(^|_)interface(_id)?$|^interfaces$/, "interface"],
  [/^(source|srcaddr|dstaddr|peer_address|address|far_address|source_address|remote|local)$/, "source"],
];

const TAGS =
  /^(agreement|cause|action|verdict|decided_by|status|usage_class|scan_kind|evidence|origin|severity|traffic_class|log_type|started_by)$/;
const PLAIN_NUMBER = /(^|_)(port|srcport|dstport|line|number|flags|version)$/;

/** `distinct_ports` as `Distinct ports`. */
export function columnLabel(name: string): string {
  const known = Object.hasOwn(LABELS, name) ? LABELS[name] : undefined;
  if (known !== undefined) return known;
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function columnEntity(name: string): Entity | null {
  return ENTITIES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** How a column is drawn, by its name and its DuckDB type. */
export function columnKind(name: string, type: string): ColumnKind {
  if (type.endsWith("[]")) return "list";
  if (type.startsWith("TIMESTAMP")) return "time";
  if (isNumeric(type) && name !== "protocol") {
    if (name === "bytes" || name.endsWith("_bytes")) return "bytes";
    if (name === "coverage" || name.endsWith("_share")) return "percent";
    return PLAIN_NUMBER.test(name) ? "plain" : "count";
  }
  if (TAGS.test(name)) return "tag";
  if (/(^|_)object$/.test(name)) return "path";
  return columnEntity(name) !== null || /(^|_)id$|^peer$/.test(name) ? "code" : "text";
}

/** Columns to filter a report by, where it has them. */
export const FACETS: readonly string[] = [
  "agreement",
  "cause",
  "action",
  "status",
  "usage_class",
  "scan_kind",
  "severity",
  "layer",
  "direction",
  "origin",
];
