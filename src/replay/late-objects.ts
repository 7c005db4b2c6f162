import { SPREAD } from "../evaluate/conntrack/eviction.ts";
import type { EvidenceQuery } from "../store/evidence-query.ts";
import type { StoredState } from "../store/stored-state.ts";
import { firstOf, isoTime, plural } from "../text.ts";

/** Objects that the note names. */
const MOST_NAMES = 3;

/** Seconds after a record in which it may change what is said of another: the longest aggregation interval. */
const REACH = 600;

const lateObjects = (nextObject: number, before: number): string => /* sql */ `
select object_id, source_object, epoch(first_time) as first_s, epoch(last_time) as last_s
from objects
where object_id >= ${nextObject} and epoch(first_time) < ${before}`;

const judgedBefore = (nextObject: number, before: number): string => /* sql */ `
with late as (${lateObjects(nextObject, before)}),
spans as materialized (
  select interface_idx, min(start_s) as first_s, max(start_s + duration) as last_s
  from flow_facts
  where object_id in (select object_id from late)
  group by all
)
select count(*)
from flow_facts f
join spans s using (interface_idx)
where f.object_id < ${nextObject} and f.start_s between s.first_s and s.last_s + ${REACH}`;

/**
 * Says which objects of this run are older than what earlier runs had read, and how many records those had judged without
 * them; null if none. `state` is what the evidence file held before the run, `first` the run's earliest time.
 */
export async function lateObjectsNote(
  run: EvidenceQuery["run"],
  { objects, nextObject }: Pick<StoredState, "objects" | "nextObject">,
  first: number | null,
  db: string,
): Promise<string | null> {
  const before = objects.reduce((newest, { lastTime }) => Math.max(newest, lastTime ?? 0), 0) - SPREAD;
  if (first === null || first >= before) return null;
  const late = (await run(`${lateObjects(nextObject, before)} order by object_id`)).rows;
  const [[judged]] = (await run(judgedBefore(nextObject, before))).rows;
  const isKept = objects.every(({ hasRows }) => hasRows);
  if (late.length === 0 || (Number(judged) === 0 && isKept)) return null;
  const names = firstOf(
    late.map(([, name]) => String(name)),
    MOST_NAMES,
  );
  const from = isoTime(Math.min(...late.map(([, , time]) => Number(time))));
  const to = isoTime(Math.max(...late.map(([, , , time]) => Number(time))));
  const earlier = Number(judged) > 0 ? plural(Number(judged), "record") : "records whose rows are not kept";
  const mended = isKept ? `flowreplay rejudge --db ${db}` : "replay all sources into a new --db";
  return (
    `${plural(late.length, "object")} came late: ${names}, with records from ${from} to ${to}. ` +
    `Earlier runs judged ${earlier} at the same interfaces without them, which may have changed the verdicts. ` +
    `To judge all in order: ${mended}`
  );
}
