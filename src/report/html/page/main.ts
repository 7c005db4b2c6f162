import type { Block, FactsBlock, FiguresBlock, PageData, Section } from "../page-data.ts";
import { detailDrawer } from "./detail.ts";
import { h } from "./dom.ts";
import { heatView, matrixView } from "./grids.ts";
import { printTables, tableView } from "./table-view.ts";
import { themeButton } from "./theme.ts";
import { timelineView } from "./timeline.ts";

/** Draws the page from its JSON. */
export function start(): void {
  const page = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;
  document.querySelector("header.top")?.append(themeButton());
  document.querySelector("main")?.append(...page.sections.map(sectionView));
  document.querySelector("main")?.before(navigation(page));
  document.querySelector("footer")?.append(factsView(page.about));
  document.body.append(detailDrawer(page));
  printTables();
  // The browser looked for the anchor before the section existed.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function sectionView(section: Section): HTMLElement {
  const headingId = `${section.id}-title`;
  return h(
    "section",
    { id: section.id, "aria-labelledby": headingId },
    h("h2", { id: headingId }, section.title),
    section.lead === "" ? null : h("p", { class: "lead" }, section.lead),
    ...section.blocks.map(blockView),
  );
}

function blockView(block: Block): HTMLElement {
  switch (block.kind) {
    case "note":
      return h("p", { class: "note" }, block.text);
    case "facts":
      return factsView(block.facts);
    case "figures":
      return figuresView(block);
    case "timeline":
      return timelineView(block);
    case "heat":
      return heatView(block);
    case "matrix":
      return matrixView(block);
    case "table":
      return tableView(block);
  }
}

function factsView(facts: FactsBlock["facts"]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...facts.map(({ label, value }) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
  );
}

function figuresView({ figures }: FiguresBlock): HTMLElement {
  const cards = figures.map(({ label, value, note, tone, target }) => {
    const parts = [
      h("span", { class: "label" }, label),
      h("span", { class: "value" }, value),
      h("span", { class: "remark" }, note),
    ];
    return h(
      "li",
      { class: tone },
      target === null ? h("div", {}, ...parts) : h("a", { href: `#${target}` }, ...parts),
    );
  });
  return h("ul", { class: "figures" }, ...cards);
}

/** Links to the sections; the section in view is marked. */
function navigation(page: PageData): HTMLElement {
  const links = new Map(page.sections.map(({ id, title }) => [id, h("a", { href: `#${id}` }, title)]));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        for (const [id, link] of links) {
          if (id === target.id) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  queueMicrotask(() => {
    for (const id of links.keys()) {
      const section = document.getElementById(id);
      if (section) observer.observe(section);
    }
  });
  return h(
    "nav",
    { class: "contents", "aria-label": "Sections" },
    h("ul", {}, ...[...links.values()].map((link) => h("li", {}, link))),
  );
}
