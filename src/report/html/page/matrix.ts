import type { MatrixBlock } from "../page-data.ts";
import { entityLink } from "./cells.ts";
import { h } from "./dom.ts";
import { formatCount } from "./format.ts";

/** Sources by ports: numbers on a ground that darkens with their magnitude. */
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

/** 0 to 4, by magnitude: one scan must not pale everything else. */
function stepOf(value: number, most: number): number {
  return value <= 0 ? 0 : 1 + Math.min(3, Math.floor((3.999 * Math.log(value)) / Math.log(most + 1)));
}
