import type { EvidenceQuery } from "../../../store/evidence-query.ts";
import { queryRows } from "../../rows.ts";
import { runNamed } from "../../run-report.ts";
import type { HeatMapBlock, HeatRow, Section } from "../page-data.ts";
import { tableBlock } from "../table-block.ts";
import { bucketsOf, stepFor, type Window } from "./evidence.ts";

const CELLS = 60;
/** Most interfaces in the heat map, the least complete first; the table has all of them. */
const INTERFACES = 500;

/** Bits of minutes with evidence, hour by hour, of the interfaces to show. */
const HOURS = /* sql */ `
with chosen as (
  select interface_id, name, row_number() over (order by evidence = 'complete', gap_minutes + skipdata_minutes desc, interface_id) as position
  from coverage where modelled or minutes_covered > 0
  order by position limit $interfaces
)
select c.position, c.interface_id, c.name, h.hour, h.seen::varchar as seen, h.skip::varchar as skip
from chosen c
join interface_dim i using (interface_id)
left join coverage_hours h using (interface_idx)
order by c.position, h.hour`;

const GAPS = /* sql */ `
select i.interface_id, g.from_minute * 60 as first, g.to_minute * 60 - 1 as last
from coverage_gaps g join interface_dim i using (interface_idx)`;

/** Coverage of the log by interface and time. */
export async function coverageSection(evidence: EvidenceQuery, window: Window): Promise<Section> {
  const table = await tableBlock(await runNamed(evidence, "coverage"), {
    id: "coverage-table",
    caption: "Interfaces",
    shown: "interface_id name evidence minutes_covered minutes_expected gap_minutes skipdata_minutes accepted rejected",
    facets: "evidence modelled log_type",
  });
  const map = await heatMap(evidence, window);
  return {
    id: "coverage",
    title: "Coverage gaps",
    lead: "How much of the window the log covers at each interface. Missing traffic proves something only where the log is complete.",
    blocks: map === null ? [table] : [map, table],
  };
}

async function heatMap(evidence: EvidenceQuery, window: Window): Promise<HeatMapBlock | null> {
  const rows = await queryRows(evidence, HOURS, { interfaces: INTERFACES });
  if (rows.length === 0) return null;
  const step = stepFor({ ...window, hasFlows: true }, CELLS);
  const { start, count } = bucketsOf(window, step);
  const grid = { start, step, count };
  const lines = new Map<string, Line>();
  for (const { interface_id: id, name, hour, seen, skip } of rows) {
    const line = lines.get(String(id)) ?? {
      interfaceId: String(id),
      name: String(name ?? ""),
      minutes: Array<number>(count).fill(0),
      skipped: new Set(),
      gaps: new Set(),
    };
    lines.set(line.interfaceId, line);
    if (hour !== null) addHour(line, grid, Number(hour), BigInt(String(seen)), BigInt(String(skip)));
  }
  for (const { interface_id: id, first, last } of await queryRows(evidence, GAPS)) {
    const line = lines.get(String(id));
    const until = Math.min(cellOf(Number(last), grid), count - 1);
    for (let at = Math.max(0, cellOf(Number(first), grid)); at <= until; at++) line?.gaps.add(at);
  }
  return {
    kind: "heat",
    id: "coverage-map",
    caption: "Minutes with log evidence",
    start,
    step,
    rows: [...lines.values()].map((line) => finishLine(line, grid, window)),
  };
}

interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

interface Line {
  readonly interfaceId: string;
  readonly name: string;
  readonly minutes: number[];
  readonly skipped: Set<number>;
  readonly gaps: Set<number>;
}

function cellOf(seconds: number, { start, step }: Grid): number {
  return Math.floor((seconds - start) / step);
}

function addHour(line: Line, grid: Grid, hour: number, seen: bigint, skip: bigint): void {
  for (let minute = 0; minute < 60; minute++) {
    const at = cellOf(hour * 3600 + minute * 60, grid);
    if (at < 0 || at >= grid.count) continue;
    if ((seen >> BigInt(minute)) & 1n) line.minutes[at]++;
    if ((skip >> BigInt(minute)) & 1n) line.skipped.add(at);
  }
}

/** The first and the last cell may reach beyond the log; their share counts the minutes inside it. */
function finishLine(line: Line, { start, step }: Grid, window: Window): HeatRow {
  const firstMinute = Math.floor(window.first / 60);
  const endMinute = Math.floor(window.last / 60) + 1;
  const shares = line.minutes.map((covered, at) => {
    const from = Math.max((start + at * step) / 60, firstMinute);
    const to = Math.min((start + (at + 1) * step) / 60, endMinute);
    return to <= from ? null : Math.min(100, Math.floor((covered / (to - from)) * 100));
  });
  const { interfaceId, name, skipped, gaps } = line;
  return { interfaceId, name, shares, skipped: [...skipped], gaps: [...gaps] };
}
