import stringWidth from "string-width";

export interface ColumnSize {
  readonly name: string;
  readonly numeric: boolean;
  /** Widest cell. */
  readonly width: number;
}

/** Text may shrink to this before a column is left out. */
const NARROWEST = 20;

/**
 * Widths of the columns that fit into `available` cells with `gap` between them: all of them, long text shrunk, or
 * only the first ones. Numbers and identifiers are never cut (half an id is no id); a table keeps at least one column.
 */
export function fitColumns(columns: readonly ColumnSize[], available: number, gap: number): number[] {
  const wanted = columns.map(wantedWidth);
  const least = columns.map(leastWidth);
  let count = columns.length;
  const total = (widths: readonly number[], of: number): number =>
    widths.slice(0, of).reduce((sum, width) => sum + width, 0) + gap * (of - 1);
  while (count > 1 && total(least, count) > available) count--;
  const widths = wanted.slice(0, count);
  for (let excess = total(widths, count) - available; excess > 0; excess--) {
    // The widest column that may still shrink gives one cell.
    let at = -1;
    for (let index = 0; index < count; index++) {
      if (widths[index] > least[index] && (at < 0 || widths[index] > widths[at])) at = index;
    }
    if (at < 0) return [Math.max(1, Math.min(widths[0], available)), ...widths.slice(1)];
    widths[at]--;
  }
  return widths;
}

function wantedWidth({ name, width }: ColumnSize): number {
  return Math.max(width, longestPart(name), 1);
}

function leastWidth(column: ColumnSize, at: number): number {
  const whole = column.numeric || /(^|_)id$/.test(column.name) || at === 0;
  return Math.min(wantedWidth(column), whole ? 44 : NARROWEST);
}

/**
 * Places of the columns to show: all of them where they fit or nothing is preferred; else the preferred ones, in that
 * order, each that still fits beside those before it.
 */
export function chooseColumns(
  columns: readonly ColumnSize[],
  preferred: readonly string[],
  available: number,
  gap: number,
): number[] {
  const all = columns.map((_, at) => at);
  const room = (places: readonly number[]): number =>
    places.reduce((sum, place, at) => sum + leastWidth(columns[place], at), 0) + gap * (places.length - 1);
  if (preferred.length === 0 || room(all) <= available) return all;
  const chosen: number[] = [];
  for (const name of preferred) {
    const place = columns.findIndex((column) => column.name === name);
    if (place >= 0 && (chosen.length === 0 || room([...chosen, place]) <= available)) chosen.push(place);
  }
  return chosen;
}

function longestPart(name: string): number {
  return Math.max(...name.split(/(?<=_)/).map((part) => stringWidth(part)));
}
