/** Rows of a table of records on the page; the report itself gives the rest. */
export const ROW_LIMIT = 10_000;

/** What a table that was cut says below itself; null for a whole one. */
export function cutNote(rows: number, report: string): string | null {
  return rows < ROW_LIMIT
    ? null
    : `These are the first ${ROW_LIMIT.toLocaleString("en-US")}. All of them: flowreplay report ${report} --param limit=1000000 -o ${report}.csv`;
}
