import type { EvidenceQuery } from "../../../store/evidence-query.ts";
import { causeSentence } from "../../explanation.ts";
import { queryRows } from "../../rows.ts";
import { runNamed } from "../../run-report.ts";
import type { MatrixBlock, Section } from "../page-data.ts";
import { columnTexts, tableBlock, withColumn, wordColumn } from "../table-block.ts";
import { ROW_LIMIT } from "./evidence.ts";

/** Mismatches by cause, with an explanation of the cause, then record by record. */
export async function mismatchSection(evidence: EvidenceQuery): Promise<Section> {
  const summary = await tableBlock(await runNamed(evidence, "mismatch-summary"), {
    id: "mismatch-causes",
    caption: "Mismatches by cause",
    shown: "agreement cause records interfaces decided_by nacl_rule_id first_seen last_seen",
    empty: "Every record that could be judged agrees with the model.",
  });
  const sentences = columnTexts(summary, "cause").map(causeSentence);
  const explained = withColumn(summary, wordColumn("explanation", "What it means", "text", sentences), "cause");
  const records = await tableBlock(await runNamed(evidence, "mismatches", { limit: String(ROW_LIMIT) }), {
    id: "mismatch-records",
    caption: "Mismatches record by record",
    shown: "start_time interface_id agreement cause srcaddr srcport dstaddr dstport protocol packets",
    facets: "agreement cause direction decided_by interface_id",
  });
  const returns = await tableBlock(await runNamed(evidence, "nacl-return-path"), {
    id: "return-path",
    caption: "Replies blocked by network ACLs (log and model agree on these)",
    facets: "direction",
  });
  return {
    id: "mismatches",
    title: "Mismatches between log and configuration",
    lead: "Traffic that was accepted although the model denies it, or rejected although the model allows it, with the cause where one is known.",
    blocks: [explained, ...(records.rowCount > 0 ? [records] : []), ...(returns.rowCount > 0 ? [returns] : [])],
  };
}

const SOURCES = 20;
const PORTS = 16;

/** Records of the busiest rejected sources by the ports that most of them try; their other ports are one sum. */
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

/** Rejected requests by source and port. */
export async function probeSection(evidence: EvidenceQuery): Promise<Section> {
  const table = await tableBlock(await runNamed(evidence, "rejected-probes", { limit: String(ROW_LIMIT) }), {
    id: "probe-sources",
    caption: "Sources, scanners first",
    shown: "source scan_kind records port_count ports interface_count first_seen last_seen origin",
    facets: "scan_kind origin",
    empty: "No request was rejected.",
  });
  const matrix = await probeMatrix(evidence);
  return {
    id: "probes",
    title: "Rejected probes by source",
    lead: "Sources of rejected requests. If the requests look like a scan, its kind is named; the other sources are ordinary clients that were rejected.",
    blocks: [...(matrix === null ? [] : [matrix]), table],
  };
}

async function probeMatrix(evidence: EvidenceQuery): Promise<MatrixBlock | null> {
  const found = await queryRows(evidence, MATRIX, { sources: SOURCES, ports: PORTS });
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
    caption: "Rejected records of the busiest sources, by port",
    rows,
    columns: [...ports, "other"],
    cells,
  };
}
