import { LAST, NEVER, openedAt, STRIDE } from "./connection-words.ts";
import { type Apart, enter, type Observation } from "./observe.ts";
import type { ReadBatch } from "./reading.ts";
import { idleSeconds } from "./timeouts.ts";

/**
 * Second pass, over the rows that were put off: a connection with such rows is entered again from its first record to its
 * last, and a silence longer than the idle time-out ends it. Of one that an earlier segment began only the rest is.
 */
export function enterApart(
  segment: readonly ReadBatch[],
  directions: Uint8Array,
  entries: readonly Int32Array[],
  into: Observation,
): void {
  const { connections, touched, timeouts, carried, apart, pings } = into;
  if (apart.length === 0) return;
  const again = new Set(apart.map(({ entry }) => entry).filter((entry) => entry >= carried));
  const rows = apart.filter(({ entry }) => entry < carried);
  if (again.size > 0) {
    const marked = new Uint8Array(connections.size);
    for (const entry of again) marked[entry] = 1;
    segment.forEach(({ batch }, number) => {
      for (let row = 0; row < batch.rows; row++) {
        const entry = entries[number][row];
        if (entry >= 0 && marked[entry] === 1) rows.push({ batch: number, row, entry });
      }
    });
    for (const entry of again) {
      connections.reset(entry);
      touched.reset(connections.words, entry);
    }
    const others = pings.filter(({ place }) => marked[touched.entries[place]] === 0);
    pings.splice(0, pings.length, ...others);
  }
  const startOf = ({ batch, row }: Apart): number => segment[batch].batch.start[row];
  rows.sort((a, b) => a.entry - b.entry || startOf(a) - startOf(b));
  let [first, entry] = [-1, -1];
  for (const place of rows) {
    const { batch, readings } = segment[place.batch];
    if (place.entry !== first) first = entry = place.entry;
    const { words } = connections;
    const base = entry * STRIDE;
    const silent =
      openedAt(words, base) !== NEVER &&
      batch.start[place.row] > words[base + LAST] + idleSeconds(words, base, timeouts);
    if (silent) {
      entry = connections.add(words, base);
    }
    entries[place.batch][place.row] = entry;
    enter(batch, place.row, readings[place.row], directions[readings[place.row]], entry, into);
  }
}
