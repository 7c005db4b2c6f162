import type { Result } from "../../../store/reader.ts";
import type { Section, TableBlock } from "../page-data.ts";
import type { Evidence } from "./evidence.ts";
import { describedRules, ruleTable } from "./rule-table.ts";

/**
 * What could be narrower or go: what `tighten` proposes (null: it had nothing to judge), rules much wider than their use,
 * and rules that others make pointless.
 */
export async function narrowSection(evidence: Evidence, proposals: Result | null): Promise<Section[]> {
  const tables = [
    ...(proposals === null ? [] : [await proposalTable(proposals)]),
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
        "evidence",
      ],
      facets: ["protocol", "direction", "owner_name", "evidence"],
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
      lead: "Seen from the observed traffic. Proposals were proven together: with all of them in place no real accepted record would be denied. The breakage rate is that of the same rules learnt without the last part of the window, tried on it. The command tighten writes them as scripts with their undo. Removing one redundant rule breaks no observed connection; removing two that cover each other does.",
      blocks: tables,
    },
  ];
}

function proposalTable(proposals: Result): Promise<TableBlock> {
  return describedRules(proposals, {
    id: "tighten",
    caption: "Narrower rules proposed by tighten, and why others stay",
    shown: [
      "rule_id",
      "owner_name",
      "status",
      "replacement",
      "breadth",
      "new_breadth",
      "breakage_rate",
      "real_connections",
      "reason",
    ],
    facets: ["status", "direction", "owner_name"],
    empty: "No broad group rule.",
  });
}
