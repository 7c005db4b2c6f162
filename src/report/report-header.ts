export const PARAMETER_TYPES = ["integer", "number", "text", "timestamp", "list"] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

export const SEVERITIES = ["info", "low", "medium", "high"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface ReportParameter {
  readonly name: string;
  readonly type: ParameterType;
  /** As written in the header; null where the parameter is optional (`-`). */
  readonly default: string | null;
  readonly description: string;
}

/** A query with its header comments; `parameters` are bound to `$name` in `sql`. */
export interface Report {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly group: string;
  /** Set for detections: how much a row matters. */
  readonly severity: Severity | null;
  readonly parameters: readonly ReportParameter[];
  /** Columns that a narrow table shows, in this order, as far as they fit; empty: the first ones. */
  readonly narrow: readonly string[];
  readonly sql: string;
  /** It looks at single records: what `prune` removed or `--no-flows` never kept, it does not see. */
  readonly readsRecords: boolean;
  /** It tells scanners from other clients, by records that were refused. */
  readonly tellsScanners: boolean;
}

const RECORDS =
  /\b(?:from|join) (?:flow_facts|flow_rows|flow_rows_wide|rejected_requests|scan_sources|network_knockers)\b/;
const SCANNERS = /\b(?:from|join) (?:classified_traffic|rule_usage|probing_peers)\b/;

const FIELD = /^-- (title|description|group|severity|narrow|param): (.+)$/;
const CONTINUATION = /^-- {3,}(\S.*)$/;
const PARAMETER = /^([a-z][a-z0-9_]*) (\w+) (\S+) (.+)$/;

/**
 * Reads the header: the comment lines before the SQL. `-- param: name type default description`, default `-` for none;
 * a line indented by three spaces continues the one before.
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
    // One that says in its description what it does without records has said enough.
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
