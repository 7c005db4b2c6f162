import { protocolName } from "../../net/protocols.ts";
import type { Plain, Result, ResultStream } from "../../store/evidence-query.ts";
import { cellText, isNumeric, visible } from "../renderers/renderer.ts";
import type { ReportRows } from "../run-report.ts";
import type { ColumnKind, Entity, TableBlock, TableColumn, Word } from "./page-data.ts";

/** How a result becomes a table; only `id` and `caption` are needed. */
export interface TableOptions {
  readonly id: string;
  readonly caption: string;
  /** Names of columns, separated by blanks. */
  readonly shown?: string;
  readonly facets?: string;
  readonly groupBy?: string;
  readonly empty?: string;
  readonly more?: string | null;
}

/** Columns of a table by default; an opened row shows all. */
const SHOWN_COLUMNS = 9;

/** A table says what the limit of its report left out. */
export async function tableBlock(
  result: ResultStream | ReportRows | Result,
  options: TableOptions,
): Promise<TableBlock> {
  const builders = result.columns.map(({ name, type }) => columnBuilder(name, columnKind(name, type)));
  const named = result.columns.map(({ name }) => /(^|_)protocols?$/.test(name));
  let rowCount = 0;
  for await (const chunk of "rows" in result ? [result.rows] : result.chunks) {
    rowCount += chunk.length;
    for (const row of chunk)
      for (let at = 0; at < builders.length; at++) builders[at].add(named[at] ? protocolNames(row[at]) : row[at]);
  }
  const leftOut = "leftOut" in result ? await result.leftOut() : null;
  const columns = builders.map((builder) => builder.finish());
  const known = new Set(columns.map((column) => column.name));
  const wanted = (names = ""): string[] => names.split(" ").filter((name) => known.has(name));
  const shown = wanted(options.shown);
  return {
    kind: "table",
    id: options.id,
    caption: options.caption,
    columns,
    rowCount,
    shown: shown.length > 0 ? shown : columns.slice(0, SHOWN_COLUMNS).map((column) => column.name),
    facets: wanted(options.facets),
    groupBy: wanted(options.groupBy)[0] ?? null,
    empty: options.empty ?? "No rows.",
    more: options.more ?? leftOut,
  };
}

function protocolNames(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(protocolNames);
  return typeof value === "number" ? protocolName(value) : value;
}

/** Inserts a column after the given one, or at the end if there is no such column. */
export function withColumn(table: TableBlock, column: TableColumn, after: string): TableBlock {
  const at = table.columns.findIndex((one) => one.name === after) + 1 || table.columns.length;
  const shownAt = table.shown.indexOf(after) + 1 || table.shown.length;
  return {
    ...table,
    columns: table.columns.toSpliced(at, 0, column),
    shown: table.shown.toSpliced(shownAt, 0, column.name),
  };
}

/** The texts of a column by row. */
export function columnTexts(table: TableBlock, name: string): string[] {
  const column = table.columns.find((one) => one.name === name);
  return (column?.values ?? []).map((value) => (value === null ? "" : String(column?.words?.[value] ?? value)));
}

/** A column of words, one per row. */
export function wordColumn(
  name: string,
  label: string,
  kind: ColumnKind,
  words: readonly (Word | null)[],
): TableColumn {
  const builder = columnBuilder(name, kind, label);
  for (const word of words) builder.add(word);
  return builder.finish();
}

interface ColumnBuilder {
  add(value: Plain): void;
  finish(): TableColumn;
}

const NUMBERS: readonly ColumnKind[] = ["count", "plain", "bytes", "percent", "time"];

/** Each word is kept once: a column of a hundred thousand rows rarely has many. */
function columnBuilder(name: string, kind: ColumnKind, label = columnLabel(name)): ColumnBuilder {
  const values: (number | null)[] = [];
  const words: Word[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (value: Plain): number => {
    const word = wordOf(value, kind);
    const key = typeof word === "string" ? word : JSON.stringify(word);
    let index = indexes.get(key);
    if (index === undefined) {
      index = words.push(word) - 1;
      indexes.set(key, index);
    }
    return index;
  };
  const numeric = NUMBERS.includes(kind);
  return {
    add(value) {
      if (value === null || value === "") values.push(null);
      else if (numeric) values.push(kind === "time" ? Date.parse(String(value)) / 1000 : Number(value));
      else values.push(indexOf(value));
    },
    finish: () => ({ name, label, kind, entity: columnEntity(name), values, words: numeric ? null : words }),
  };
}

function wordOf(value: Plain, kind: ColumnKind): Word {
  if (kind === "spark" && Array.isArray(value)) return value.map(Number);
  if (kind === "list" && Array.isArray(value)) return value.map((item: Plain) => visible(cellText(item)));
  return visible(cellText(value));
}

/** Labels of columns whose names do not make good labels. */
const LABELS: Readonly<Record<string, string>> = {
  srcaddr: "Source",
  dstaddr: "Destination",
  srcport: "Source port",
  dstport: "Port",
  nacl_rule_id: "Network ACL entry",
  sg_rule_ids: "Group rules",
  rule_id: "Rule",
  interface_id: "Interface",
  owner_name: "Group or ACL",
  owner_id: "Owner",
  usage_class: "Use",
  sole_connections: "Sole",
  distinct_peers: "Peers",
  distinct_ports: "Ports",
  used_port_count: "Ports used",
  port_count: "Ports tried",
  interface_count: "Interfaces hit",
  attached_interfaces: "Interfaces",
  coverage: "Evidence",
  skipdata_minutes: "SKIPDATA min",
  nodata_minutes: "NODATA min",
};

const ENTITIES: readonly (readonly [RegExp, Entity])[] = [
  [/(^|_)rule_ids?$|^rule$|^covered_by$|^shared_with$/, "rule"],
  [/(^|_)interface(_id)?$|^interfaces$/, "interface"],
  [/^(source|srcaddr|dstaddr|peer_address|address|far_address|source_address|remote|local)$/, "source"],
];

const TAGS =
  /^(agreement|cause|action|verdict|decided_by|status|usage_class|scan_kind|evidence|origin|severity|traffic_class|log_type|started_by)$/;
const PLAIN_NUMBER = /(^|_)(port|srcport|dstport|line|number|flags|version)$/;

/** `distinct_ports` as `Distinct ports`. */
function columnLabel(name: string): string {
  if (Object.hasOwn(LABELS, name)) return LABELS[name];
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function columnEntity(name: string): Entity | null {
  return ENTITIES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** How a column is drawn, by its name and its DuckDB type. */
function columnKind(name: string, type: string): ColumnKind {
  if (type.endsWith("[]")) return "list";
  if (type.startsWith("TIMESTAMP")) return "time";
  if (isNumeric(type) && name !== "protocol") {
    if (name === "bytes" || name.endsWith("_bytes")) return "bytes";
    if (name === "coverage" || name.endsWith("_share")) return "percent";
    return PLAIN_NUMBER.test(name) ? "plain" : "count";
  }
  if (TAGS.test(name)) return "tag";
  if (/(^|_)object$/.test(name)) return "path";
  return columnEntity(name) !== null || /(^|_)id$|^peer$/.test(name) ? "code" : "text";
}

/** Columns to filter a report by, if it has them. */
export const FACETS = "agreement cause action status usage_class scan_kind severity layer direction origin";
