/** A Markdown table; the first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(" | ")} |`;
  const rule = widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

export const millions = (rate: number): string => (rate / 1e6).toPrecision(3);
export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
export const times = (ratio: number): string => `${ratio.toFixed(2)} x`;
export const count = (value: number): string => value.toLocaleString("en-US");

/** Lowest and highest. */
export const range = (values: readonly number[], format: (value: number) => string): string =>
  `${format(Math.min(...values))} - ${format(Math.max(...values))}`;
