import type { TableBlock, TableColumn, Word } from "../page-data.ts";

/** Search, filters and order of a table. */
export interface View {
  /** Words that a row must contain, anywhere. */
  readonly search: string;
  /** Chosen words by column name. */
  readonly picked: Readonly<Record<string, string>>;
  readonly sort: { readonly column: string; readonly descending: boolean } | null;
}

export const WHOLE: View = { search: "", picked: {}, sort: null };

export function columnOf(table: TableBlock, name: string): TableColumn | undefined {
  return table.columns.find((column) => column.name === name);
}

/** The text of a cell to search in: lists are joined, numbers unformatted. */
export function cellWords(column: TableColumn, row: number): string {
  const value = column.values[row];
  return value === null ? "" : wordText(column.words === null ? String(value) : column.words[value]);
}

function wordText(word: Word): string {
  return typeof word === "string" ? word : word.join(" ");
}

/** The rows that match the view, in its order; rows of a group stay together. */
export function selectRows(table: TableBlock, view: View): Uint32Array {
  const rows = new Uint32Array(table.rowCount);
  let count = 0;
  const passes = filters(table, view);
  for (let row = 0; row < table.rowCount; row++) if (passes.every((pass) => pass(row))) rows[count++] = row;
  const selected = rows.subarray(0, count);
  const compare = comparators(table, view);
  if (compare.length === 0) return selected;
  return selected.sort((a, b) => {
    for (const one of compare) {
      const order = one(a, b);
      if (order !== 0) return order;
    }
    return a - b;
  });
}

type Pass = (row: number) => boolean;

function filters(table: TableBlock, view: View): Pass[] {
  const passes: Pass[] = [];
  for (const [name, wanted] of Object.entries(view.picked)) {
    const column = columnOf(table, name);
    if (column && wanted !== "") passes.push((row) => cellWords(column, row) === wanted);
  }
  for (const word of view.search.toLowerCase().split(/\s+/)) if (word !== "") passes.push(containing(table, word));
  return passes;
}

/** Checks each distinct word once, not once per row. */
function containing(table: TableBlock, needle: string): Pass {
  const columns = table.columns.filter((column) => column.kind !== "spark" && column.kind !== "time");
  const matching = columns.map(({ words }) => words?.map((word) => wordText(word).toLowerCase().includes(needle)));
  return (row) =>
    columns.some(({ values }, at) => {
      const value = values[row];
      if (value === null) return false;
      return matching[at]?.[value] ?? String(value).includes(needle);
    });
}

type Compare = (a: number, b: number) => number;

function comparators(table: TableBlock, { sort }: View): Compare[] {
  const group = table.groupBy === null ? undefined : columnOf(table, table.groupBy);
  const column = sort === null ? undefined : columnOf(table, sort.column);
  const found: Compare[] = [];
  if (group && column !== group) found.push(byFirstAppearance(group));
  if (column) found.push(comparing(column, sort?.descending === true));
  return found;
}

/** Groups stay in the order of the report. */
function byFirstAppearance({ values }: TableColumn): Compare {
  const positions = new Map<number | null, number>();
  for (const value of values) if (!positions.has(value)) positions.set(value, positions.size);
  return (a, b) => (positions.get(values[a]) ?? 0) - (positions.get(values[b]) ?? 0);
}

/** Absent values come last in both directions. */
function comparing(column: TableColumn, descending: boolean): Compare {
  const rank = column.words === null ? null : ranks(column.words);
  const keys = column.values.map((value) => (value === null || rank === null ? value : rank[value]));
  const turn = descending ? -1 : 1;
  return (a, b) => {
    const [left, right] = [keys[a], keys[b]];
    if (left === right) return 0;
    if (left === null) return 1;
    if (right === null) return -1;
    return (left - right) * turn;
  };
}

/** Position of each word in the natural order: `port 9` before `port 10`, addresses by their numbers. */
function ranks(words: readonly Word[]): number[] {
  const collator = new Intl.Collator("en", { numeric: true });
  const keys = words.map((word) => (Array.isArray(word) && typeof word[0] === "number" ? sum(word) : wordText(word)));
  const order = keys.map((_, at) => at);
  order.sort((a, b) => {
    const [left, right] = [keys[a], keys[b]];
    if (typeof left === "number" && typeof right === "number") return left - right;
    return collator.compare(String(left), String(right));
  });
  const rank = Array<number>(words.length);
  for (const [position, at] of order.entries()) rank[at] = position;
  return rank;
}

function sum(values: readonly (string | number)[]): number {
  return values.reduce<number>((total, value) => total + Number(value), 0);
}

/** The words of a column with their numbers of rows, most frequent first. */
export function wordCounts(table: TableBlock, name: string): [string, number][] {
  const column = columnOf(table, name);
  const counts = new Map<string, number>();
  if (!column) return [];
  for (let row = 0; row < table.rowCount; row++) {
    const word = cellWords(column, row);
    if (word !== "") counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** Rows that name an entity in any column of its kind. */
export function rowsNaming(table: TableBlock, entity: string, id: string): Uint32Array {
  const found = new Set<number>();
  for (const { entity: kind, values, words } of table.columns) {
    if (kind !== entity || words === null) continue;
    const naming = new Set(
      words.flatMap((word, at) => (word === id || (Array.isArray(word) && word.includes(id)) ? at : [])),
    );
    if (naming.size > 0) values.forEach((value, row) => value !== null && naming.has(value) && found.add(row));
  }
  return Uint32Array.from([...found].sort((a, b) => a - b));
}
