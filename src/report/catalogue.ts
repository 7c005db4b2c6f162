import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "../errors.ts";
import { parseReport, type Report } from "./report-header.ts";

export type { Report, ReportParameter } from "./report-header.ts";

/** The folder `queries/` beside `src/` or `dist/`: two levels up from this file in the checkout and in the package. */
export const QUERIES_FOLDER = fileURLToPath(new URL("../../queries/", import.meta.url));

/** Every `*.sql` of the folder as a report, by group and name. A malformed header is a bug of ours and throws. */
export function loadCatalogue(folder: string = QUERIES_FOLDER): readonly Report[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
  const reports = files.map((file) =>
    parseReport(file.slice(0, -".sql".length), readFileSync(`${folder}/${file}`, "utf8")),
  );
  return reports.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || (a.name < b.name ? -1 : 1));
}

/** One report that is known to be there; reading all of them takes a noticeable part of a short command. */
export function loadReport(name: string): Report {
  return parseReport(name, readFileSync(`${QUERIES_FOLDER}/${name}.sql`, "utf8"));
}

/** The order in which the list of reports shows its groups. */
export const GROUPS: readonly string[] = ["mismatch", "rules", "probes", "incident", "health"];

export function findReport(catalogue: readonly Report[], name: string): Report {
  const report = catalogue.find((candidate) => candidate.name === name);
  if (report !== undefined) return report;
  const near = catalogue
    .map((candidate) => candidate.name)
    .filter((known) => known.includes(name) || name.includes(known));
  throw new AppError("E_USAGE", `no report named ${name}`, {
    hint: near.length > 0 ? `did you mean ${near.join(" or ")}?` : "`flowreplay report` lists them",
  });
}
