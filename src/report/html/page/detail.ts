import type { Entity, PageData, TableBlock } from "../page-data.ts";
import { type LinkTarget, readLink } from "./cells.ts";
import { h } from "./dom.ts";
import { rowFacts } from "./row-view.ts";
import { rowsNaming } from "./table-model.ts";
import { tableView } from "./table-view.ts";

const NAMES: Readonly<Record<Entity, string>> = { rule: "Rule", interface: "Interface", source: "Address" };

/** The drawer with everything on the page about one rule, interface or source, which the URL names. */
export function detailDrawer(page: PageData): HTMLDialogElement {
  const content = h("div", { class: "drawer-body" });
  const close = h("button", { type: "button", class: "close", click: () => drawer.close() }, "Close");
  const heading = h("h2", { id: "drawer-title" });
  const drawer: HTMLDialogElement = h(
    "dialog",
    {
      class: "drawer",
      "aria-labelledby": heading.id,
      // A click on the dialog itself, not on its content, is a click beside it.
      click: (event) => event.target === drawer && drawer.close(),
      close: () => history.replaceState(null, "", location.pathname + location.search),
    },
    h("header", {}, heading, close),
    content,
  );
  const follow = (): void => {
    const subject = readLink(location.hash);
    if (subject === null) {
      if (drawer.open) drawer.close();
      return;
    }
    heading.replaceChildren(`${NAMES[subject.entity]} `, h("code", {}, subject.id));
    content.replaceChildren(...findings(page, subject));
    if (!drawer.open) drawer.showModal();
    content.scrollTop = 0;
  };
  window.addEventListener("hashchange", follow);
  queueMicrotask(follow);
  return drawer;
}

function findings(page: PageData, subject: LinkTarget): HTMLElement[] {
  const found = page.sections.flatMap((section) =>
    section.blocks.flatMap((block) => {
      if (block.kind !== "table") return [];
      const rows = rowsNaming(block, subject.entity, subject.id);
      return rows.length === 0 ? [] : h("section", {}, h("h3", {}, block.caption), tablePart(block, rows));
    }),
  );
  return found.length > 0 ? found : [h("p", { class: "empty" }, "Nothing on this page mentions it.")];
}

function tablePart(table: TableBlock, rows: Uint32Array): HTMLElement {
  return rows.length === 1 ? rowFacts(table, rows[0]) : tableView(table, rows);
}
