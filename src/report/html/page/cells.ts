import type { Entity, TableColumn, Word } from "../page-data.ts";
import { type Child, h } from "./dom.ts";
import { formatBytes, formatCount, formatPercent, formatTime, lastPart } from "./format.ts";
import { linkTo } from "./links.ts";
import { sparkline } from "./sparkline.ts";
import { toneOf } from "./tones.ts";

/** Items of a list that a cell shows; the opened row shows all of them. */
const LIST_ITEMS = 4;

/** A cell as the table shows it; `whole` leaves nothing out. */
export function cellContent(column: TableColumn, row: number, whole = false): Child {
  const value = column.values[row];
  if (value === null) return whole ? h("span", { class: "absent" }, "none") : null;
  if (column.words !== null) return wordContent(column, column.words[value], whole);
  switch (column.kind) {
    case "bytes":
      return formatBytes(value);
    case "percent":
      return formatPercent(value);
    case "time":
      return h("time", { datetime: new Date(value * 1000).toISOString() }, formatTime(value));
    case "plain":
      return String(value);
    default:
      return formatCount(value);
  }
}

function wordContent({ kind, entity }: TableColumn, word: Word, whole: boolean): Child {
  if (kind === "spark") return sparkline(word as readonly number[]);
  if (typeof word !== "string") return listContent(word.map(String), entity, whole);
  if (entity !== null) return entityLink(entity, word);
  if (kind === "tag") return tag(word);
  if (kind === "code") return h("code", {}, word);
  if (kind === "path" && !whole) return h("span", { title: word }, lastPart(word));
  return whole ? word : h("div", { class: "prose" }, word);
}

function listContent(items: readonly string[], entity: Entity | null, whole: boolean): Child {
  const shown = whole ? items : items.slice(0, LIST_ITEMS);
  const nodes = shown.flatMap((item, at): Child[] => [
    at > 0 ? ", " : null,
    entity === null ? item : entityLink(entity, item),
  ]);
  if (shown.length < items.length)
    nodes.push(h("span", { class: "absent" }, ` +${formatCount(items.length - shown.length)}`));
  return h("span", { class: "list" }, ...nodes);
}

export function entityLink(entity: Entity, id: string): HTMLElement {
  return h("a", { href: linkTo({ entity, id }), class: "entity" }, id);
}

export function tag(word: string): HTMLElement {
  return h("span", { class: `tag ${toneOf(word)}` }, word.replaceAll("_", " "));
}
