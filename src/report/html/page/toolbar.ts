import type { TableBlock } from "../page-data.ts";
import { h } from "./dom.ts";
import { formatCount } from "./format.ts";
import { columnOf, type View, wordCounts } from "./table-model.ts";

/** Milliseconds without a key before a long table is searched. */
const PAUSE = 120;
/** Words a filter offers. */
const CHOICES = 50;

/** The search field and the filters above a table. */
export function createToolbar(
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
