import type { Block, FactsBlock, FiguresBlock, PageData, Section } from "../page-data.ts";
import { h } from "./dom.ts";
import { heatView, matrixView } from "./grids.ts";
import { tableView } from "./table-view.ts";
import { timelineView } from "./timeline.ts";

export function sectionView(section: Section): HTMLElement {
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
      return factsView(block);
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

function factsView({ facts }: FactsBlock): HTMLElement {
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

/** Links to the sections, with the one in view marked. */
export function navigation(page: PageData): HTMLElement {
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
