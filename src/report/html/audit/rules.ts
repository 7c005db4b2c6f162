import type { Result, ResultStream } from "../../../store/evidence-query.ts";
import { type Row, ruleText } from "../../summary-text.ts";
import type { Section, TableBlock } from "../page-data.ts";
import { columnTexts, tableBlock, type TableOptions, withColumn, wordColumn } from "../table-block.ts";
import { bucketsOf, bucketSql, type Evidence, stepFor } from "./evidence.ts";
import type { RuleCounts } from "./overview.ts";

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

/** Real peers that are listed for each open rule. */
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

const PEER_COLUMNS = [
  ["rule_id", "VARCHAR"],
  ["source", "VARCHAR"],
  ["port", "INTEGER"],
  ["connections", "UBIGINT"],
  ["bytes", "UBIGINT"],
  ["first_seen", "TIMESTAMP"],
  ["last_seen", "TIMESTAMP"],
].map(([name, type]) => ({ name, type }));

/** Rules for everybody, whom they really serve, and which scanners they let in. */
async function openSection(
  evidence: Evidence,
): Promise<{ readonly section: Section; readonly rules: number; readonly withoutUse: number }> {
  const open = await ruleTable(evidence, "stale-open-rules", {
    id: "open-rules",
    caption: "Rules for 0.0.0.0/0 and ::/0",
    shown: [
      "rule_id",
      "owner_name",
      "usage_class",
      "real_peers",
      "suggested_replacement",
      "connections",
      "scanner_connections",
      "last_hit",
    ],
    facets: ["usage_class", "direction", "owner_name"],
    empty: "No group rule is open to the internet.",
  });
  const peers = await tableBlock(
    {
      columns: PEER_COLUMNS,
      rows: (await evidence.rows(REAL_PEERS, { peers: PEERS })).map((row) => Object.values(row)),
    },
    {
      id: "open-rule-peers",
      caption: `Their real peers, the ${PEERS} busiest of each`,
      facets: ["rule_id"],
      empty: "No real peer came through an open rule.",
    },
  );
  const scanners = await tableBlock(await evidence.report("probes-on-open-rules"), {
    id: "open-rule-probes",
    caption: "Scanners that they let in",
    facets: ["rule_id"],
    empty: "No scanner came through an open rule.",
  });
  return {
    section: {
      id: "open",
      title: "Open to the internet",
      lead: "Whom these rules really serve, scanners set aside. The suggested replacement follows from the observed peers: check it against who is meant to come.",
      blocks: open.rowCount === 0 ? [open] : [open, peers, scanners],
    },
    rules: open.rowCount,
    withoutUse: columnTexts(open, "usage_class").filter((use) => use !== "real").length,
  };
}

/**
 * What could be narrower or go: what `tighten` proposes (null: it had nothing to judge), rules much wider than their use,
 * and rules that others make pointless.
 */
async function narrowSection(evidence: Evidence, proposals: Result | null): Promise<Section[]> {
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

/** A report about rules, with each rule in the words of the AWS console behind its id. */
async function ruleTable(evidence: Evidence, report: string, options: TableOptions): Promise<TableBlock> {
  return describedRules(await evidence.report(report), options);
}

/** The same of rules that are no report. */
async function describedRules(result: ResultStream | Result, options: TableOptions): Promise<TableBlock> {
  const table = await tableBlock(result, options);
  const parts = ["direction", "action", "protocol", "from_port", "to_port", "peer"];
  const texts = parts.map((name) => columnTexts(table, name));
  const words = Array.from({ length: table.rowCount }, (_, row) => {
    const rule: Row = Object.fromEntries(parts.map((name, at) => [name, texts[at][row] || null]));
    return rule.action === "deny" ? `deny ${ruleText(rule)}` : ruleText(rule);
  });
  return withColumn(table, wordColumn("rule_text", "What it matches", "text", words), "rule_id");
}
