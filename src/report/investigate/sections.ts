import { protocolName } from "../../net/protocols.ts";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";
import { type ColumnTypes, rowStream } from "../row-stream.ts";

/** A page for a responder, as data: the renderers of the formats draw it. */
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
  /** What the reader must know to read it right; empty for none. */
  readonly lead: string;
  readonly columns: ColumnTypes;
  readonly rows: readonly Plain[][];
  /** How many rows there are, of which `rows` may be the first ones. */
  readonly total: number;
  /** What to say where there are none. */
  readonly empty: string;
  /** Facts are rows of two columns, read as a list; a timeline has a bar. */
  readonly shape: "facts" | "timeline" | "table";
  /** Columns for 80 columns of a terminal and for Markdown, the most telling ones. */
  readonly brief: readonly string[];
  /** For programs, where rows are sentences for people. */
  readonly data?: { readonly columns: ColumnTypes; readonly rows: readonly Plain[][] };
}

const FACT_COLUMNS: ColumnTypes = [
  ["fact", "VARCHAR"],
  ["value", "VARCHAR"],
];

export type Fact = readonly [label: string, value: string | null | undefined];

/** Facts without a value fall away. */
export function factSection(id: string, title: string, facts: readonly Fact[], lead = ""): InvestigationSection {
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

/** Ports that a cell lists. */
const PORTS = 3;

/** A section with its most telling columns, protocols by name, long lists of ports short: for people. */
export function briefly({ columns, rows, brief }: InvestigationSection): ResultStream {
  const place = (name: string): number => columns.findIndex(([column]) => column === name);
  const places = brief.map(place);
  const total = place("port_count");
  const cell = (row: readonly Plain[], at: number): Plain => {
    const [value, name] = [row[at], columns[at][0]];
    if (name === "protocol" && value !== null) return protocolName(Number(value));
    if (name !== "ports" || !Array.isArray(value)) return value;
    const rest = Number(row[total]) - PORTS;
    return value.slice(0, PORTS).join(", ") + (rest > 0 ? ` +${rest}` : "");
  };
  const text = ["protocol", "ports"];
  return rowStream(
    places.map((at) => (text.includes(columns[at][0]) ? ([columns[at][0], "VARCHAR"] as const) : columns[at])),
    rows.map((row) => places.map((at) => cell(row, at))),
  );
}
