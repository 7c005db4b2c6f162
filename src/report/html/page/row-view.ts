import type { TableBlock, TableColumn } from "../page-data.ts";
import { cellContent } from "./cells.ts";
import { h } from "./dom.ts";
import { cellWords, columnOf, type View } from "./table-model.ts";

function shownColumns(table: TableBlock): TableColumn[] {
  return table.shown.flatMap((name) => columnOf(table, name) ?? []);
}

/** Numbers are right-aligned; times and words are not. */
function alignment({ kind, words }: TableColumn): string | null {
  return words === null && kind !== "time" ? "number" : null;
}

/** The header: every column is a button that sorts by it. */
export function headRow(table: TableBlock, { sort }: View, sortBy: (column: string) => void): HTMLElement {
  const cells = shownColumns(table).map((column) => {
    const sorted = sort?.column === column.name ? (sort.descending ? "descending" : "ascending") : null;
    return h(
      "th",
      { scope: "col", "data-column": column.name, "aria-sort": sorted, class: alignment(column) },
      h("button", { type: "button", click: () => sortBy(column.name) }, column.label),
    );
  });
  return h("tr", {}, h("th", { class: "opener", scope: "col" }, h("span", { class: "spoken" }, "Details")), ...cells);
}

/** The rows in one body, or one body per group with a heading. */
export function bodies(table: TableBlock, rows: Uint32Array): HTMLElement[] {
  const group = table.groupBy === null ? undefined : columnOf(table, table.groupBy);
  const columns = shownColumns(table);
  const made: HTMLElement[] = [];
  let current: string | null = null;
  let body = h("tbody");
  for (const row of rows) {
    const name = group ? cellWords(group, row) : "";
    if (name !== current) {
      current = name;
      made.push((body = h("tbody")));
      const span = { scope: "rowgroup", colspan: columns.length + 1 };
      if (group) body.append(h("tr", { class: "group" }, h("th", span, name === "" ? "Without a name" : name)));
    }
    body.append(...rowElements(table, columns, row));
  }
  return made;
}

/** The row, and the row below it that its button opens. */
function rowElements(table: TableBlock, columns: readonly TableColumn[], row: number): HTMLElement[] {
  const more = h("tr", { class: "opened", hidden: true });
  const opener = h("button", {
    type: "button",
    "aria-expanded": "false",
    "aria-label": "All columns of this row",
    click: () => {
      more.hidden = !more.hidden;
      opener.setAttribute("aria-expanded", String(!more.hidden));
      if (more.childElementCount === 0) more.append(h("td", { colspan: columns.length + 1 }, rowFacts(table, row)));
    },
  });
  const cells = columns.map((column) =>
    h("td", { class: `kind-${column.kind} ${alignment(column) ?? ""}` }, cellContent(column, row)),
  );
  return [h("tr", {}, h("td", { class: "opener" }, opener), ...cells), more];
}

/** Every column of a row that has a value, as terms and values. */
export function rowFacts(table: TableBlock, row: number): HTMLElement {
  const facts = table.columns
    .filter((column) => column.values[row] !== null)
    .map((column) => h("div", {}, h("dt", {}, column.label), h("dd", {}, cellContent(column, row, true))));
  return h("dl", { class: "facts" }, ...facts);
}
