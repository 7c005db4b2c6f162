import type { TableBlock } from "../page-data.ts";
import { formatCount, formatPlural, h } from "./dom.ts";
import { bodies, headRow } from "./row-view.ts";
import { columnOf, selectRows, type View, WHOLE, wordCounts } from "./table-model.ts";

const PAGE_SIZES = [25, 50, 100, 500];
/** Most rows on paper. */
const PRINTED_ROWS = 200;

/**
 * A table of any length. It is sorted, filtered and paged here, so that only one page is in the document. `part` restricts it
 * to some rows.
 */
export function tableView(table: TableBlock, part?: Uint32Array): HTMLElement {
  if (table.rowCount === 0) return h("p", { class: "empty" }, table.empty);
  const allowed = part === undefined ? null : new Set(part);
  const total = part?.length ?? table.rowCount;
  const id = `${table.id}${part === undefined ? "" : "-part"}`;
  let view: View = WHOLE;
  let rows: Uint32Array = new Uint32Array();
  let first = 0;
  let size = PAGE_SIZES[0];

  const head = h("thead");
  const caption = h("caption", { id: `${id}-caption` }, table.caption);
  const body = h("div", { class: "scroll", role: "region", tabindex: 0, "aria-labelledby": caption.id });
  const status = h("span", { class: "count", role: "status" });
  const pager = h("nav", {
    class: "pager",
    "aria-label": `Pages of: ${table.caption}`,
    hidden: total <= PAGE_SIZES[0],
  });

  const update = (change: Partial<View>): void => {
    view = { ...view, ...change };
    const chosen = selectRows(table, view);
    rows = allowed === null ? chosen : chosen.filter((row) => allowed.has(row));
    first = 0;
    draw();
  };
  const sortBy = (column: string): void => {
    const descending = view.sort?.column === column ? !view.sort.descending : startsDescending(table, column);
    update({ sort: { column, descending } });
    head.querySelector<HTMLElement>(`th[data-column="${CSS.escape(column)}"] button`)?.focus();
  };
  const turn = (to: number): void => {
    first = Math.max(0, to);
    draw();
    body.scrollIntoView({ block: "nearest" });
  };
  const draw = (count = size): void => {
    const page = rows.subarray(first, first + count);
    head.replaceChildren(headRow(table, view, sortBy));
    body.replaceChildren(h("table", {}, caption, head, ...bodies(table, page)));
    if (rows.length === 0) body.append(h("p", { class: "empty" }, "No row matches."));
    status.textContent =
      rows.length === total
        ? formatPlural(total, "row")
        : `${formatCount(rows.length)} of ${formatPlural(total, "row")}`;
    const last = first + page.length;
    where.textContent = `${formatCount(Math.min(first + 1, last))}–${formatCount(last)} of ${formatCount(rows.length)}`;
    previous.disabled = first === 0;
    next.disabled = last >= rows.length;
  };

  const where = h("span");
  const previous = h("button", { type: "button", click: () => turn(first - size) }, "Previous");
  const next = h("button", { type: "button", click: () => turn(first + size) }, "Next");
  const sizes = h("select", {
    "aria-label": `Rows per page of: ${table.caption}`,
    change: () => {
      size = Number(sizes.value);
      draw();
    },
  });
  for (const option of PAGE_SIZES) sizes.append(h("option", { value: option }, `${option} rows`));
  pager.append(previous, where, next, sizes);

  update({});
  const toolbar = total > 8 ? createToolbar(table, id, update, status) : null;
  const more = table.more === null ? null : h("p", { class: "more" }, table.more);
  const paper = { beforeprint: () => draw(Math.max(size, PRINTED_ROWS)), afterprint: () => draw() };
  return h("div", { class: "table-block", ...paper }, toolbar, body, pager, more);
}

/** Passes print events on to every table, which then shows more rows than on a screen. */
export function printTables(): void {
  for (const type of ["beforeprint", "afterprint"]) {
    window.addEventListener(type, () => {
      for (const table of document.querySelectorAll(".table-block")) table.dispatchEvent(new Event(type));
    });
  }
}

/** Numbers and times start with the largest, names with A. */
function startsDescending(table: TableBlock, name: string): boolean {
  return ["count", "bytes", "percent", "time", "spark"].includes(columnOf(table, name)?.kind ?? "text");
}

/** Milliseconds without a key press before the search starts. */
const PAUSE = 120;
/** Most words in a filter. */
const CHOICES = 50;

/** The search field and the filters above a table. */
function createToolbar(
  table: TableBlock,
  id: string,
  change: (part: Partial<View>) => void,
  status: HTMLElement,
): HTMLElement {
  let timer: number | undefined;
  const picked: Record<string, string> = {};
  const search = h("input", {
    type: "search",
    id: `${id}-search`,
    autocomplete: "off",
    spellcheck: "false",
    input: () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => change({ search: search.value }), PAUSE);
    },
  });
  const filters = table.facets.flatMap((name) => {
    const words = wordCounts(table, name);
    if (words.length < 2) return [];
    const select = h("select", {
      id: `${id}-${name}`,
      change: () => {
        picked[name] = select.value;
        change({ picked: { ...picked } });
      },
    });
    select.append(h("option", { value: "" }, "all"));
    for (const [word, count] of words.slice(0, CHOICES)) {
      select.append(h("option", { value: word }, `${word.replaceAll("_", " ")} (${formatCount(count)})`));
    }
    return field(columnOf(table, name)?.label ?? name, select);
  });
  return h(
    "div",
    { class: "toolbar", role: "search", "aria-label": table.caption },
    field("Search", search),
    ...filters,
    status,
  );
}

function field(label: string, control: HTMLElement): HTMLElement {
  return h("label", { for: control.id }, h("span", {}, label), control);
}
