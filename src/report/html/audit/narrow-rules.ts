import type { Section } from "../page-data.ts";
import type { Evidence } from "./evidence.ts";
import { ruleTable } from "./rule-table.ts";

/** What could be narrower or go: rules much wider than their use, and rules that others make pointless. */
export async function narrowSection(evidence: Evidence): Promise<Section[]> {
  const tables = [
    await ruleTable(evidence, "overbroad-rules", {
      id: "overbroad-rules",
      caption: "Much wider than their use",
      shown: [
        "rule_id",
        "owner_name",
        "used_port_count",
        "allowed_ports",
        "used_ports",
        "used_peers",
        "used_networks",
        "connections",
      ],
      facets: ["protocol", "direction", "owner_name"],
    }),
    await ruleTable(evidence, "redundant-rules", {
      id: "redundant-rules",
      caption: "Used, but never alone",
      shown: ["rule_id", "owner_name", "covered_by", "connections", "last_hit", "description"],
      facets: ["direction", "owner_name"],
    }),
    await ruleTable(evidence, "shadowed-rules", {
      id: "shadowed-rules",
      caption: "Made pointless by another rule, whatever the traffic",
      shown: ["rule_id", "owner_name", "kind", "covered_by", "description"],
      facets: ["kind", "layer", "owner_name"],
    }),
  ].filter((table) => table.rowCount > 0);
  if (tables.length === 0) return [];
  return [
    {
      id: "narrow",
      title: "What could be narrower",
      lead: "Seen from the observed traffic. Removing one redundant rule breaks no observed connection; removing two that cover each other does.",
      blocks: tables,
    },
  ];
}
