import type { Result } from "../../../store/reader.ts";
import type { Section, TableBlock } from "../page-data.ts";
import { columnTexts, withColumn, wordColumn } from "../table-block.ts";
import { bucketSql, bucketsOf, type Evidence, stepFor } from "./evidence.ts";
import { narrowSection } from "./narrow-rules.ts";
import { openSection } from "./open-rules.ts";
import type { RuleCounts } from "./overview.ts";
import { ruleTable } from "./rule-table.ts";

const SPARK_STEPS = 32;
export interface RuleSections {
  readonly sections: readonly Section[];
  readonly counts: RuleCounts;
}

/** How rules are used, which are open to the internet and for whom, which nothing used. */
export async function ruleSections(evidence: Evidence, proposals: Result | null): Promise<RuleSections> {
  const usage = await usageTable(evidence);
  const open = await openSection(evidence);
  const unused = await ruleTable(evidence, "unused-rules", {
    id: "unused-rules",
    caption: "Rules without a hit",
    shown: ["rule_id", "owner_name", "status", "reason", "coverage", "attached_interfaces", "description"],
    facets: ["status", "layer", "direction", "owner_name"],
    empty: "Every rule was hit.",
  });
  return {
    sections: [
      {
        id: "usage",
        title: "How rules are used",
        lead: "Every group rule that admits a connection is credited; sole connections are those that no other rule would have admitted. Entries of network ACLs count records.",
        blocks: [usage],
      },
      open.section,
      {
        id: "unused",
        title: "Rules that nothing used",
        lead: "Unused is only said where the log is complete; otherwise the evidence is called insufficient, with the reason.",
        blocks: [unused],
      },
      ...(await narrowSection(evidence, proposals)),
    ],
    counts: {
      rules: usage.rowCount,
      unused: columnTexts(unused, "status").filter((status) => status === "unused").length,
      open: open.rules,
      openWithoutUse: open.withoutUse,
    },
  };
}

async function usageTable(evidence: Evidence): Promise<TableBlock> {
  const table = await ruleTable(evidence, "rule-usage", {
    id: "rule-usage",
    caption: "Rules by group and network ACL",
    shown: [
      "rule_id",
      "usage_class",
      "connections",
      "sole_connections",
      "distinct_peers",
      "distinct_ports",
      "last_hit",
    ],
    facets: ["usage_class", "layer", "direction", "owner_name"],
    groupBy: "owner_name",
    empty: "There are no rules: the log was replayed without a model.",
  });
  const sparks = await sparklines(evidence);
  const values = columnTexts(table, "rule_id").map((id) => sparks.get(id) ?? null);
  return withColumn(table, wordColumn("over_time", "Over time", "spark", values), "usage_class");
}

/** Records that each rule admitted or decided, by step of the window. */
async function sparklines(evidence: Evidence): Promise<Map<string, number[]>> {
  const step = stepFor(evidence.window, SPARK_STEPS);
  const { start, count } = bucketsOf(evidence.window, step);
  const rows = await evidence.rows(`
    with sums as (${bucketSql(step)}),
    credited as (
      select s.t, s.records, unnest(list_append(j.sg_rule_ids, j.nacl_rule_id)) as rule_id
      from sums s join judgements j using (judgement_id)
    )
    select rule_id, t, sum(records)::ubigint as records from credited where rule_id is not null group by all`);
  const sparks = new Map<string, number[]>();
  for (const { rule_id: id, t, records } of rows) {
    let values = sparks.get(String(id));
    if (values === undefined) sparks.set(String(id), (values = Array<number>(count).fill(0)));
    const at = (Number(t) - start) / step;
    if (at < count) values[at] += Number(records);
  }
  return sparks;
}
