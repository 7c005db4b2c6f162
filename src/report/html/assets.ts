import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { PAGE_FOLDER } from "../page-folder.ts";
import { BASE_STYLE } from "./style-base.ts";
import { PARTS_STYLE } from "./style-parts.ts";

/** The inline content of a page: style sheets, and scripts in the order they run. */
export interface Assets {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

/** Reads the chart library from its package and the page's own script from the compiled `page/`. */
export function loadAssets(): Assets {
  const library = createRequire(import.meta.url);
  const read = (name: string): string => readFileSync(library.resolve(`uplot/dist/${name}`), "utf8");
  const assets = {
    styles: [read("uPlot.min.css"), BASE_STYLE + PARTS_STYLE],
    scripts: [read("uPlot.iife.min.js"), pageScript(PAGE_FOLDER)],
  };
  for (const content of [...assets.styles, ...assets.scripts]) {
    if (/<\/(script|style)|<!--/i.test(content)) throw new Error("an inlined script or style would end its element");
  }
  return assets;
}

/**
 * The modules of the page as one script. They only declare functions and constants, under names that are unique among
 * them (a second one would be a syntax error), so imports between them can fall away and their order does not matter.
 */
function pageScript(folder: URL): string {
  const modules = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const source = modules
    .sort()
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("")
    .replace(/^import \{[^}]*\} from "\.\/[\w-]+\.js";\n/gm, "")
    .replace(/^export (?=function|const)/gm, "");
  if (/^(import|export)\b/m.test(source)) throw new Error("the page's modules only import names from one another");
  return `"use strict";\n(() => {\n${source}start();\n})();\n`;
}
