import type { EvidenceQuery } from "../store/evidence-query.ts";
import type { StoredState } from "../store/stored-state.ts";
import type { SegmentTotals } from "./segments.ts";

/** A run, once everything is stored. */
export interface JudgedRun {
  readonly db: string;
  /** Path of the model. */
  readonly model: string;
  /** What the evidence file held before. */
  readonly state: Pick<StoredState, "ledger">;
  /** Names of the objects that were not read, because the file held them already. */
  readonly known: readonly string[];
  /** Objects that were read, and all that the sources have. */
  readonly fresh: number;
  readonly planned: number;
}

const OTHER_MODEL = /* sql */ `
select o.object_id, strftime(r.started_at, '%Y-%m-%d %H:%M') as started_at
from objects o join runs r using (run_id)
where r.model_hash is distinct from (select model_hash from runs order by run_id desc limit 1)`;

/** Says how many of the known objects were judged under another model, and how to judge them again; null if none was. */
export async function otherModelNote(run: EvidenceQuery["run"], judged: JudgedRun): Promise<string | null> {
  const { db, model, state, known, fresh, planned } = judged;
  if (known.length === 0) return null;
  const started = new Map((await run(OTHER_MODEL)).rows.map(([id, time]) => [Number(id), String(time)]));
  const times = known.flatMap((name) => started.get(state.ledger.get(name)?.objectId ?? -1) ?? []);
  if (times.length === 0) return null;
  const which = times.length === known.length ? "they" : `${count(times.length)} of them`;
  const newest = times.reduce((a, b) => (a > b ? a : b));
  return (
    `${count(fresh)} new of ${count(planned)} objects; the file held the others, and ${which} were judged under another model ` +
    `(replay of ${newest} UTC)${fresh === 0 ? ", which stays" : ""}. To judge them again: flowreplay rejudge --db ${db} --model ${model}`
  );
}

/** Says that most records are of interfaces that the model lacks, and why that may be; null if they are not. */
export async function unmodelledNote(
  { modelled, unmodelled }: Pick<SegmentTotals, "modelled" | "unmodelled">,
  why: () => Promise<string>,
): Promise<string | null> {
  if (unmodelled <= modelled) return null;
  const all = modelled + unmodelled;
  return `${count(unmodelled)} of ${count(all)} records are of interfaces that the model lacks (unmodelled): ${await why()}`;
}

/** Says that most records have no address of their interface, as if their fields stood in another order; null if they do not. */
export function misplacedNote({ modelled, misplaced }: Pick<SegmentTotals, "modelled" | "misplaced">): string | null {
  if (misplaced * 2 <= modelled) return null;
  return (
    `${count(misplaced)} of ${count(modelled)} records have no address of their interface on either side: if no line names ` +
    "the fields, give their order with --fields; or the model is of another time"
  );
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
