import type { HeatMapBlock, HeatRow, MatrixBlock } from "../page-data.ts";
import { entityLink } from "./cells.ts";
import { formatCount, formatStep, formatTime, h, spoken } from "./dom.ts";

/** Rows that show at first. */
const FIRST_ROWS = 40;

/** Coverage by interface and time, as a table of small cells. Colour, mark and title of a cell say the same. */
export function heatView(block: HeatMapBlock): HTMLElement {
  const columns = block.rows[0]?.shares.length ?? 0;
  // A time is three cells wide.
  const every = Math.max(3, Math.ceil(columns / 12));
  const heads = Array.from({ length: columns }, (_, at) => {
    const text = formatTime(block.start + at * block.step, block.step);
    return h(
      "th",
      { scope: "col" },
      at % every === 0 ? h("span", {}, text.slice(block.step >= 86_400 ? 5 : 11)) : spoken(text),
    );
  });
  const body = h("tbody", {}, ...block.rows.slice(0, FIRST_ROWS).map((row) => rowOf(row, block)));
  const rest = block.rows.slice(FIRST_ROWS);
  const more = h(
    "button",
    {
      type: "button",
      hidden: rest.length === 0,
      click: () => {
        body.append(...rest.map((row) => rowOf(row, block)));
        more.hidden = true;
      },
    },
    `Show all ${block.rows.length} interfaces`,
  );
  const caption = h(
    "caption",
    { id: `${block.id}-caption` },
    block.caption,
    h("span", { class: "absent" }, ` by ${formatStep(block.step)}, UTC`),
  );
  return h(
    "div",
    { class: "heat" },
    legend(),
    h(
      "div",
      { class: "scroll", role: "region", tabindex: 0, "aria-labelledby": caption.id },
      h("table", {}, caption, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Interface"), ...heads)), body),
    ),
    more,
  );
}

function rowOf(row: HeatRow, block: HeatMapBlock): HTMLElement {
  const cells = row.shares.map((share, at) => {
    const skipped = row.skipped.includes(at);
    const gap = row.gaps.includes(at);
    const said =
      share === null
        ? "outside the log"
        : `${share} % of the minutes${skipped ? ", SKIPDATA" : ""}${gap ? ", a gap" : ""}`;
    const time = formatTime(block.start + at * block.step, block.step);
    return h(
      "td",
      { class: `${levelOf(share)}${skipped ? " skip" : ""}${gap ? " gap" : ""}`, title: `${time}: ${said}` },
      spoken(said),
    );
  });
  const name = row.name === "" ? null : h("span", { class: "name" }, row.name);
  return h("tr", {}, h("th", { scope: "row" }, entityLink("interface", row.interfaceId), name), ...cells);
}

function levelOf(share: number | null): string {
  return share === null ? "outside" : `level-${Math.ceil(share / 25)}`;
}

function legend(): HTMLElement {
  const item = (style: string, text: string): HTMLElement => h("li", {}, h("span", { class: `cell ${style}` }), text);
  return h(
    "ul",
    { class: "heat-legend", "aria-label": "Legend" },
    item("level-4", "every minute"),
    item("level-2", "some minutes"),
    item("level-0", "none"),
    item("level-2 gap", "a gap that no aggregation interval explains"),
    item("level-3 skip", "SKIPDATA: AWS lost records"),
  );
}

/** Sources by ports. The background of a number darkens with its magnitude. */
export function matrixView(block: MatrixBlock): HTMLElement {
  const most = Math.max(1, ...block.cells.flatMap((row) => row.slice(0, -1)));
  const caption = h("caption", { id: `${block.id}-caption` }, block.caption);
  const rows = block.rows.map((source, at) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, entityLink("source", source)),
      ...block.cells[at].map((value, column) =>
        h(
          "td",
          { class: column === block.columns.length - 1 ? "rest" : `step-${stepOf(value, most)}` },
          value === 0 ? null : formatCount(value),
        ),
      ),
    ),
  );
  return h(
    "div",
    { class: "matrix scroll", role: "region", tabindex: 0, "aria-labelledby": caption.id },
    h(
      "table",
      {},
      caption,
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Source"),
          ...block.columns.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h("tbody", {}, ...rows),
    ),
  );
}

/** 0 to 4, on a logarithmic scale, so that one large scan does not hide the rest. */
function stepOf(value: number, most: number): number {
  return value <= 0 ? 0 : 1 + Math.min(3, Math.floor((3.999 * Math.log(value)) / Math.log(most + 1)));
}
