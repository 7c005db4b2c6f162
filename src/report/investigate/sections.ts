import { protocolName } from "../../net/protocols.ts";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";
import { type ColumnTypes, type ItemColumns, resultOf, rowStream } from "../rows.ts";

/** A page for a responder, as data for the renderers. */
export interface Investigation {
  /** `Address 10.0.1.5`. */
  readonly title: string;
  /** The answer in a sentence or two. */
  readonly summary: string;
  readonly sections: readonly InvestigationSection[];
}

export interface InvestigationSection {
  /** Also the value of `section` in JSON rows. */
  readonly id: string;
  readonly title: string;
  /** What the evidence must know to read it right; empty for none. */
  readonly lead: string;
  readonly columns: ColumnTypes;
  readonly rows: readonly Plain[][];
  /** Number of rows; `rows` may be only the first ones. */
  readonly total: number;
  /** Text if there are no rows. */
  readonly empty: string;
  /** `facts`: a list of two columns; `timeline`: with bars. */
  readonly shape: "facts" | "timeline" | "table";
  /** The most important columns, for a terminal of 80 columns and for Markdown. */
  readonly brief: readonly string[];
  /** Rows for programs, if `rows` are sentences for people. */
  readonly data?: { readonly columns: ColumnTypes; readonly rows: readonly Plain[][] };
}

const FACT_COLUMNS: ColumnTypes = [
  ["fact", "VARCHAR"],
  ["value", "VARCHAR"],
];

/** A fact of a section; left out without a value. */
export type SectionFact = readonly [label: string, value: string | null | undefined];

/** Facts without a value are left out. */
export function factSection(id: string, title: string, facts: readonly SectionFact[], lead = ""): InvestigationSection {
  const rows = facts.flatMap(([label, value]): Plain[][] =>
    value === null || value === undefined || value === "" ? [] : [[label, value]],
  );
  return {
    id,
    title,
    lead,
    columns: FACT_COLUMNS,
    rows,
    total: rows.length,
    empty: "nothing is known",
    shape: "facts",
    brief: ["fact", "value"],
  };
}

/** Columns and rows of a section. */
export function listOf<T>(
  columns: ItemColumns<T>,
  items: readonly T[],
): Pick<InvestigationSection, "columns" | "rows"> {
  return { columns: columns.map(([name, type]) => [name, type]), rows: resultOf(columns, items).rows };
}

/** Most ports in a cell. */
const PORTS = 3;

/** A section for people: the most important columns, names of protocols, short lists of ports. */
export function briefly({ columns, rows, brief }: InvestigationSection): ResultStream {
  const indexOf = (name: string): number => columns.findIndex(([column]) => column === name);
  const indexes = brief.map(indexOf);
  const total = indexOf("port_count");
  const cell = (row: readonly Plain[], at: number): Plain => {
    const [value, name] = [row[at], columns[at][0]];
    if (name === "protocol" && value !== null) return protocolName(Number(value));
    if (name !== "ports" || !Array.isArray(value)) return value;
    const rest = Number(row[total]) - PORTS;
    return value.slice(0, PORTS).join(", ") + (rest > 0 ? ` +${rest}` : "");
  };
  const text = ["protocol", "ports"];
  return rowStream(
    indexes.map((at) => (text.includes(columns[at][0]) ? ([columns[at][0], "VARCHAR"] as const) : columns[at])),
    rows.map((row) => indexes.map((at) => cell(row, at))),
  );
}
