import { createComparison } from "../../src/change/compare-verdicts.ts";
import type { Effect } from "../../src/change/effects.ts";
import type { Proposal } from "../../src/change/what-if.ts";
import type { StoredRecords } from "../../src/store/stored-records.ts";

/** What a proposal does to each record, by object and line: `name|7`. */
export async function effectsOf(stored: StoredRecords, propose: Proposal): Promise<Map<string, Effect>> {
  const compare = createComparison(stored, propose);
  const effects = new Map<string, Effect>();
  for (const table of ["flow_rows", "flow_rows_wide"] as const) {
    for await (const chunk of stored.scan(table)) {
      const { outcome, outcomes } = compare(chunk);
      for (let row = 0; row < chunk.batch.rows; row++) {
        const { name } = stored.objects[chunk.objectId[row]]!;
        effects.set(`${name}|${chunk.batch.line[row]}`, outcomes[outcome[row]].effect);
      }
    }
  }
  return effects;
}
