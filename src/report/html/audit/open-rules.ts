import type { Section } from "../page-data.ts";
import { columnTexts, tableBlock } from "../table-block.ts";
import type { Evidence } from "./evidence.ts";
import { ruleTable } from "./rule-table.ts";

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
export async function openSection(
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
