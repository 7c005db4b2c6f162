import { causeText } from "../../explanation.ts";
import type { MatrixBlock, Section } from "../page-data.ts";
import { columnTexts, tableBlock, withColumn, wordColumn } from "../table-block.ts";
import { cutNote, type Evidence, ROW_LIMIT } from "./evidence.ts";

/** Where log and configuration disagree: by cause with its explanation, then record by record. */
export async function mismatchSection(evidence: Evidence): Promise<Section> {
  const summary = await tableBlock(await evidence.report("mismatch-summary"), {
    id: "mismatch-causes",
    caption: "By cause",
    shown: ["agreement", "cause", "records", "interfaces", "decided_by", "nacl_rule_id", "first_seen", "last_seen"],
    empty: "Every record that could be judged agrees with the model.",
  });
  const sentences = columnTexts(summary, "cause").map((cause) => causeText(cause));
  const explained = withColumn(summary, wordColumn("explanation", "What it means", "text", sentences), "cause");
  const records = await tableBlock(await evidence.report("mismatches", { limit: String(ROW_LIMIT) }), {
    id: "mismatch-records",
    caption: "Record by record",
    shown: [
      "start_time",
      "interface_id",
      "agreement",
      "cause",
      "srcaddr",
      "srcport",
      "dstaddr",
      "dstport",
      "protocol",
      "packets",
    ],
    facets: ["agreement", "cause", "direction", "decided_by", "interface_id"],
  });
  const returns = await tableBlock(await evidence.report("nacl-return-path"), {
    id: "return-path",
    caption: "Answers that a network ACL drops (log and model agree on these)",
    facets: ["direction"],
  });
  return {
    id: "mismatches",
    title: "Where log and configuration disagree",
    lead: "Traffic that passed although the model denies it, or was rejected although the model allows it, with the cause where one is known.",
    blocks: [
      explained,
      ...(records.rowCount > 0 ? [{ ...records, more: cutNote(records.rowCount, "mismatches") }] : []),
      ...(returns.rowCount > 0 ? [returns] : []),
    ],
  };
}

const SOURCES = 20;
const PORTS = 16;

/** Records of the busiest refused sources at the ports that most of them try; the rest of their ports in one sum. */
const MATRIX = /* sql */ `
with busiest as materialized (
  select source, any_value(src) as src, any_value(src6) as src6, count(*) as records
  from rejected_requests group by all order by records desc, source limit $sources
),
counted as materialized (
  select source, case protocol when 6 then port::varchar when 17 then port || ' udp' when 1 then 'icmp' when 58 then 'icmpv6'
    else 'protocol ' || protocol end as port, count(*) as records
  from rejected_requests where source in (select source from busiest) group by all
),
chosen as (
  select port, count(*) as tried from counted group by all order by tried desc, sum(records) desc, port limit $ports
)
select
  address_text(b.src, b.src6) as source,
  case when c.port in (select port from chosen) then c.port end as port,
  sum(c.records)::ubigint as records,
  any_value(b.records) as total
from counted c join busiest b using (source)
group by all
order by total desc, source`;

/** Who knocked and was refused, at which ports. */
export async function probeSection(evidence: Evidence): Promise<Section> {
  const table = await tableBlock(await evidence.report("rejected-probes", { limit: String(ROW_LIMIT) }), {
    id: "probe-sources",
    caption: "Sources, scanners first",
    shown: [
      "source",
      "scan_kind",
      "records",
      "port_count",
      "ports",
      "interface_count",
      "first_seen",
      "last_seen",
      "origin",
    ],
    facets: ["scan_kind", "origin"],
    empty: "No request was refused.",
  });
  const matrix = await probeMatrix(evidence);
  return {
    id: "probes",
    title: "Who knocked and was refused",
    lead: "Sources of refused requests. A kind of scan is named where the requests have the shape of one; the others are ordinary refused clients.",
    blocks: [...(matrix === null ? [] : [matrix]), { ...table, more: cutNote(table.rowCount, "rejected-probes") }],
  };
}

async function probeMatrix(evidence: Evidence): Promise<MatrixBlock | null> {
  const found = await evidence.rows(MATRIX, { sources: SOURCES, ports: PORTS });
  if (found.length === 0) return null;
  const rows = [...new Set(found.map((row) => String(row.source)))];
  const ports = [...new Set(found.flatMap((row) => (row.port === null ? [] : String(row.port))))];
  ports.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
  const cells = rows.map(() => Array<number>(ports.length + 1).fill(0));
  for (const { source, port, records } of found) {
    const column = port === null ? ports.length : ports.indexOf(String(port));
    cells[rows.indexOf(String(source))][column] += Number(records);
  }
  return {
    kind: "matrix",
    id: "probe-matrix",
    caption: "Refused records of the busiest sources, by port",
    rows,
    columns: [...ports, "other"],
    cells,
  };
}
