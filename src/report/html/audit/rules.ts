import type { EvidenceQuery, Result, ResultStream } from "../../../store/evidence-query.ts";
import { plural } from "../../../text.ts";
import { loadReport } from "../../catalogue.ts";
import { ownParameters } from "../../parameters.ts";
import { queryRows, type Row, ruleText } from "../../rows.ts";
import { runNamed, runReport } from "../../run-report.ts";
import type { Section, TableBlock } from "../page-data.ts";
import { columnTexts, tableBlock, type TableOptions, withColumn, wordColumn } from "../table-block.ts";
import { bucketsOf, bucketSql, stepFor, type Window } from "./evidence.ts";
import type { RuleCounts } from "./overview.ts";

const SPARK_STEPS = 32;

export interface RuleSections {
  readonly sections: readonly Section[];
  readonly counts: RuleCounts;
}

/** Usage of rules, rules open to the internet and their peers, unused and overbroad rules. */
export async function ruleSections(
  evidence: EvidenceQuery,
  window: Window,
  proposals: Result | null,
  minDays: number,
): Promise<RuleSections> {
  const table: RuleTable = (name, options) => ruleTable(evidence, name, minDays, options);
  const usage = await usageTable(evidence, table, window);
  const open = await openSection(evidence, table);
  const unused = await table("unused-rules", {
    id: "unused-rules",
    caption: "Rules without a hit",
    shown: "rule_id owner_name status reason window coverage attached_interfaces description",
    facets: "status layer direction owner_name",
    empty: "Every rule was hit.",
  });
  return {
    sections: [
      {
        id: "usage",
        title: "Rule usage",
        lead: "A connection counts for every group rule that admits it; sole connections are those that no other rule would have admitted. Network ACL entries count records.",
        blocks: [usage],
      },
      open.section,
      {
        id: "unused",
        title: "Unused rules",
        lead: `A rule is called unused only where the log is complete, and shows at least ${plural(minDays, "day")} of it. A shorter window is too short, other evidence insufficient; the reason says why.`,
        blocks: [unused],
      },
      ...(await narrowSection(table, proposals)),
    ],
    counts: {
      rules: usage.rowCount,
      unused: columnTexts(unused, "status").filter((status) => status === "unused").length,
      notHit: columnTexts(unused, "status").filter((status) => status === "short_window").length,
      open: open.rules,
      openWithoutUse: open.withoutUse,
    },
  };
}

async function usageTable(evidence: EvidenceQuery, ruleTable: RuleTable, window: Window): Promise<TableBlock> {
  const table = await ruleTable("rule-usage", {
    id: "rule-usage",
    caption: "Rules by group and network ACL",
    shown: "rule_id usage_class connections sole_connections distinct_peers distinct_ports last_hit",
    facets: "usage_class layer direction owner_name",
    groupBy: "owner_name",
    empty: "There are no rules: the log was replayed without a model.",
  });
  const sparks = await sparklines(evidence, window);
  const values = columnTexts(table, "rule_id").map((id) => sparks.get(id) ?? null);
  return withColumn(table, wordColumn("over_time", "Over time", "spark", values), "usage_class");
}

/** Records that each rule admitted or decided, by step of the window. */
async function sparklines(evidence: EvidenceQuery, window: Window): Promise<Map<string, number[]>> {
  const step = stepFor(window, SPARK_STEPS);
  const { start, count } = bucketsOf(window, step);
  const rows = await queryRows(
    evidence,
    `
    with sums as (${bucketSql(step)}),
    credited as (
      select s.t, s.records, unnest(list_append(j.sg_rule_ids, j.nacl_rule_id)) as rule_id
      from sums s join judgements j using (judgement_id)
    )
    select rule_id, t, sum(records)::ubigint as records from credited where rule_id is not null group by all`,
  );
  const sparks = new Map<string, number[]>();
  for (const { rule_id: id, t, records } of rows) {
    let values = sparks.get(String(id));
    if (values === undefined) sparks.set(String(id), (values = Array<number>(count).fill(0)));
    const at = (Number(t) - start) / step;
    if (at < count) values[at] += Number(records);
  }
  return sparks;
}

/** Most real peers to list for each open rule. */
const PEERS = 25;

const REAL_PEERS = /* sql */ `
with peers as (
  select
    s.rule_id, t.peer, t.peer6, t.port,
    sum(t.connections)::ubigint as connections,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from classified_traffic t
  join rule_sets s using (rule_set_id)
  join rules r using (rule_id)
  where t.traffic_class = 'real' and r.open_to_world and r.layer = 'sg'
  group by all
)
select rule_id, address_text(peer, peer6) as source, port, connections, bytes,
  seconds_to_timestamp(first_s) as first_seen, seconds_to_timestamp(last_s) as last_seen
from peers
qualify row_number() over (partition by rule_id order by connections desc, peer, peer6, port) <= $peers
order by rule_id, connections desc, source`;

/** Rules for any address, their real peers, and the scanners that they admitted. */
async function openSection(
  evidence: EvidenceQuery,
  ruleTable: RuleTable,
): Promise<{ readonly section: Section; readonly rules: number; readonly withoutUse: number }> {
  const open = await ruleTable("stale-open-rules", {
    id: "open-rules",
    caption: "Rules for 0.0.0.0/0 and ::/0",
    shown: "rule_id owner_name usage_class real_peers suggested_replacement connections scanner_connections last_hit",
    facets: "usage_class status direction owner_name",
    empty: "No group rule is open to the internet.",
  });
  const peers = await tableBlock(await evidence.run(REAL_PEERS, { peers: PEERS }), {
    id: "open-rule-peers",
    caption: `Real peers, the ${PEERS} busiest of each rule`,
    facets: "rule_id",
    empty: "No open rule has a real peer.",
  });
  const scanners = await tableBlock(await runNamed(evidence, "probes-on-open-rules"), {
    id: "open-rule-probes",
    caption: "Scanners admitted by open rules",
    facets: "rule_id",
    empty: "No open rule admitted a scanner.",
  });
  return {
    section: {
      id: "open",
      title: "Rules open to the internet",
      lead: "The real use of these rules, without scanners. The suggested replacement follows from the observed peers: check it against the peers that are meant to have access.",
      blocks: open.rowCount === 0 ? [open] : [open, peers, scanners],
    },
    rules: open.rowCount,
    withoutUse: columnTexts(open, "status").filter((status) => status === "stale" || status === "unattached").length,
  };
}

/** The proposals of `tighten` (null: it had nothing to judge), and overbroad, redundant and shadowed rules. */
async function narrowSection(ruleTable: RuleTable, proposals: Result | null): Promise<Section[]> {
  const tables = [
    ...(proposals === null ? [] : [await describedRules(proposals, PROPOSALS)]),
    await ruleTable("overbroad-rules", {
      id: "overbroad-rules",
      caption: "Overbroad rules",
      shown: "rule_id owner_name used_port_count allowed_ports used_ports used_peers used_networks connections status",
      facets: "status protocol direction owner_name",
    }),
    await ruleTable("redundant-rules", {
      id: "redundant-rules",
      caption: "Redundant rules: used, but never alone",
      shown: "rule_id owner_name covered_by connections last_hit status description",
      facets: "status direction owner_name",
    }),
    await ruleTable("shadowed-rules", {
      id: "shadowed-rules",
      caption: "Shadowed and duplicate rules, whatever the traffic",
      shown: "rule_id owner_name kind covered_by description",
      facets: "kind layer owner_name",
    }),
  ].filter((table) => table.rowCount > 0);
  if (tables.length === 0) return [];
  return [
    {
      id: "narrow",
      title: "Rules that could be narrower",
      lead: "Judged by the observed traffic. All proposals were proven together: with all of them in place, no real accepted record would be denied. For the breakage rate, the same rules were learnt without the last part of the window and tested on it. The command tighten writes the proposals as scripts with their undo. Removing one redundant rule breaks no observed connection; removing two that cover each other does.",
      blocks: tables,
    },
  ];
}

const PROPOSALS: TableOptions = {
  id: "tighten",
  caption: "Narrower rules proposed by tighten, and why other rules stay",
  shown: "rule_id owner_name status replacement breadth new_breadth breakage_rate real_connections reason",
  facets: "status direction owner_name",
  empty: "No broad group rule.",
};

/** The table of a report about rules. */
type RuleTable = (name: string, options: TableOptions) => Promise<TableBlock>;

async function ruleTable(
  evidence: EvidenceQuery,
  name: string,
  minDays: number,
  options: TableOptions,
): Promise<TableBlock> {
  const report = loadReport(name);
  const given = ownParameters(report, { min_days: String(minDays) });
  return describedRules(await runReport(evidence, report, given), options);
}

/** A table of rules, with a column that describes each rule. */
async function describedRules(result: ResultStream | Result, options: TableOptions): Promise<TableBlock> {
  const table = await tableBlock(result, options);
  const parts = ["direction", "action", "protocol", "from_port", "to_port", "peer"];
  const texts = parts.map((name) => columnTexts(table, name));
  const words = Array.from({ length: table.rowCount }, (_, row) => {
    const rule: Row = Object.fromEntries(parts.map((name, at) => [name, texts[at][row] || null]));
    return ruleText(rule);
  });
  return withColumn(table, wordColumn("rule_text", "What it matches", "text", words), "rule_id");
}
