import { readdirSync, readFileSync } from "node:fs";
import { AppError } from "../errors.ts";
import type { Plain, ResultStream } from "../store/evidence-query.ts";
import { type OutputFormat, RENDERERS } from "./renderers/formats.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { hangingIndent } from "./renderers/text-layout.ts";
import { streamOf } from "./rows.ts";
import { QUERIES_FOLDER } from "./shipped-files.ts";

/** Every `*.sql` of the folder as a report, by group and name. A malformed header is our own bug and throws. */
export function loadCatalogue(folder: string = QUERIES_FOLDER): readonly Report[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
  const reports = files.map((file) =>
    parseReport(file.slice(0, -".sql".length), readFileSync(`${folder}/${file}`, "utf8")),
  );
  return reports.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || (a.name < b.name ? -1 : 1));
}

/** One report that is known to exist. Reading all of them takes a noticeable part of a short command. */
export function loadReport(name: string): Report {
  return parseReport(name, readFileSync(`${QUERIES_FOLDER}/${name}.sql`, "utf8"));
}

/** The groups in the order of the list. @internal */
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

const PARAMETER_TYPES = ["integer", "number", "text", "timestamp", "list"] as const;
type ParameterType = (typeof PARAMETER_TYPES)[number];

const SEVERITIES = ["info", "low", "medium", "high"] as const;
type Severity = (typeof SEVERITIES)[number];

export interface ReportParameter {
  readonly name: string;
  readonly type: ParameterType;
  /** As written in the header; null if the parameter is optional (`-`). */
  readonly default: string | null;
  readonly description: string;
}

/** A query with its header. `parameters` are bound to `$name` in `sql`. */
export interface Report {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly group: string;
  /** How serious a row is; null for reports that list facts. */
  readonly severity: Severity | null;
  readonly parameters: readonly ReportParameter[];
  /** The columns of a narrow table, as far as they fit; empty: the first columns. */
  readonly narrow: readonly string[];
  readonly sql: string;
  /** It reads single records, so it does not see those that `prune` removed or `--no-flows` did not keep. */
  readonly readsRecords: boolean;
  /** It tells scanners from other clients by rejected records. */
  readonly tellsScanners: boolean;
}

const RECORDS =
  /\b(?:from|join) (?:flow_facts|flow_rows|flow_rows_wide|rejected_requests|scan_sources|network_knockers)\b/;
const SCANNERS = /\b(?:from|join) (?:classified_traffic|rule_usage|probing_peers)\b/;

const FIELD = /^-- (title|description|group|severity|narrow|param): (.+)$/;
const CONTINUATION = /^-- {3,}(\S.*)$/;
const PARAMETER = /^([a-z][a-z0-9_]*) (\w+) (\S+) (.+)$/;

/**
 * Reads the header, the comment lines before the SQL. A parameter is `-- param: name type default description`, with `-` for
 * no default. A line indented by three blanks continues the line before. @internal
 */
export function parseReport(name: string, sql: string): Report {
  const single = new Map<string, string>();
  const parameters: ReportParameter[] = [];
  for (const [field, value] of headerFields(name, sql)) {
    if (field === "param") parameters.push(parseParameter(name, value));
    else if (single.has(field)) throw new Error(`queries/${name}.sql: ${field} is given twice`);
    else single.set(field, value);
  }
  const need = (field: string): string => {
    const value = single.get(field);
    if (value === undefined) throw new Error(`queries/${name}.sql: the header has no ${field}`);
    return value;
  };
  return {
    name,
    title: need("title"),
    description: need("description"),
    group: need("group"),
    severity: single.has("severity") ? oneOf(SEVERITIES, need("severity"), name) : null,
    parameters,
    narrow: single.has("narrow") ? need("narrow").split(/\s+/) : [],
    sql,
    // Reports whose description says what they do without records need no note.
    readsRecords: RECORDS.test(sql) && !need("description").includes("--no-flows"),
    tellsScanners: SCANNERS.test(sql),
  };
}

function headerFields(name: string, sql: string): [string, string][] {
  const fields: [string, string][] = [];
  for (const line of sql.split("\n")) {
    if (!line.startsWith("--")) break;
    const field = FIELD.exec(line);
    const continuation = CONTINUATION.exec(line);
    const last = fields.at(-1);
    if (field !== null) fields.push([field[1], field[2].trim()]);
    else if (continuation !== null && last !== undefined) last[1] += ` ${continuation[1].trim()}`;
    else throw new Error(`queries/${name}.sql: unknown header line: ${line}`);
  }
  return fields;
}

function parseParameter(report: string, text: string): ReportParameter {
  const match = PARAMETER.exec(text);
  if (match === null) throw new Error(`queries/${report}.sql: param needs name, type, default, description: ${text}`);
  const [, name, type, given, description] = match;
  return { name, type: oneOf(PARAMETER_TYPES, type, report), default: given === "-" ? null : given, description };
}

function oneOf<T extends string>(allowed: readonly T[], value: string, report: string): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new Error(`queries/${report}.sql: ${value} is none of ${allowed.join(", ")}`);
  return found;
}

/** The catalogue: for people by group, with the parameters below each title; for programs one row per report. */
export async function* renderReportList(
  catalogue: readonly Report[],
  format: OutputFormat,
  options: RenderOptions,
): AsyncGenerator<string> {
  if (format !== "table") {
    yield* RENDERERS[format](catalogueRows(catalogue), options);
    return;
  }
  const widest = Math.max(...catalogue.map((report) => report.name.length));
  for (const group of GROUPS) {
    const reports = catalogue.filter((report) => report.group === group);
    if (reports.length === 0) continue;
    yield `${options.style.bold(group)}\n`;
    for (const report of reports) {
      yield `  ${report.name.padEnd(widest)}  ${report.title}\n`;
      const parameters = report.parameters.map(parameterText).join(" ");
      if (parameters !== "") yield options.style.dim(hangingIndent(" ".repeat(widest + 4), parameters, options.width));
    }
    yield "\n";
  }
  yield options.style.dim("flowreplay report <name> [--param name=value]; --output json has the descriptions\n");
}

function parameterText({ name, default: value }: ReportParameter): string {
  return value === null ? name : `${name}=${value}`;
}

const LIST_COLUMNS = ["name", "title", "group", "severity", "description", "parameters"] as const;

function catalogueRows(catalogue: readonly Report[]): ResultStream {
  return streamOf({
    columns: LIST_COLUMNS.map((name) => ({ name, type: "VARCHAR" })),
    rows: catalogue.map((report) =>
      LIST_COLUMNS.map((name): Plain =>
        name === "parameters" ? report.parameters.map((parameter) => ({ ...parameter })) : report[name],
      ),
    ),
  });
}
