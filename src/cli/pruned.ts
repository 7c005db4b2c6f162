import type { Reader } from "../store/reader.ts";

const SQL = "select sum(records) as records, strftime(max(before), '%Y-%m-%d %H:%M') as before from prunes";

/** Says what a judgement of the stored records cannot know: those that were pruned. */
export async function notePruned(
  reader: Reader,
  consequence = "what only they needed can break unseen",
): Promise<void> {
  const [[records, before]] = (await reader.run(SQL)).rows;
  if (records === null) return;
  process.stderr.write(
    `note: ${Number(records).toLocaleString("en-US")} records before ${String(before)} UTC were pruned and are not judged again: ` +
      `${consequence}\n`,
  );
}
