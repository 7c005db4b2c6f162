import { protocolName } from "../../net/protocols.ts";
import type { Column, Plain, Result, ResultStream } from "../../store/evidence-query.ts";
import { type Row, streamOf, toRows } from "../rows.ts";

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
  /** Empty for facts. */
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Number of rows; `rows` may be only the first ones. */
  readonly total: number;
  /** Text if there are no rows. */
  readonly empty: string;
  /** `facts`: rows of `fact` and `value`; `timeline`: with bars. */
  readonly shape: "facts" | "timeline" | "table";
  /** The most important columns, for a terminal of 80 columns and for Markdown. */
  readonly brief: readonly string[];
  /** Rows for programs, if `rows` are sentences for people. */
  readonly data?: readonly Row[];
}

/** A fact of a section; left out without a value. */
export type SectionFact = readonly [label: string, value: string | null | undefined];

/** Facts without a value are left out. */
export function factSection(id: string, title: string, facts: readonly SectionFact[], lead = ""): InvestigationSection {
  const rows = facts.flatMap(([fact, value]) => (value ? [{ fact, value }] : []));
  return {
    id,
    title,
    lead,
    columns: [],
    rows,
    total: rows.length,
    empty: "nothing is known",
    shape: "facts",
    brief: [],
  };
}

/** A result as a section. Its column `total`, if it has one, is the number of rows without the limit. */
export function tableSection(
  result: Result,
  about: Pick<InvestigationSection, "id" | "title" | "lead" | "empty" | "brief"> &
    Partial<Pick<InvestigationSection, "shape" | "total">>,
): InvestigationSection {
  const rows = toRows(result);
  return {
    columns: result.columns.filter(({ name }) => name !== "total"),
    rows: rows.map(({ total: _total, ...row }) => row),
    total: Number(rows[0]?.total ?? rows.length),
    shape: "table",
    ...about,
  };
}

/** Most ports in a cell. */
const PORTS = 3;

/** A section for people: the most important columns, names of protocols, short lists of ports. */
export function briefly({ columns, rows, brief }: InvestigationSection): ResultStream {
  const cell = (row: Row, name: string): Plain => {
    const value = row[name];
    if (name === "protocol" && value !== null) return protocolName(Number(value));
    if (name !== "ports" || !Array.isArray(value)) return value;
    const rest = Number(row.port_count) - PORTS;
    return value.slice(0, PORTS).join(", ") + (rest > 0 ? ` +${rest}` : "");
  };
  const typeOf = (name: string): string =>
    ["protocol", "ports"].includes(name) ? "VARCHAR" : columns.find((column) => column.name === name)!.type;
  return streamOf({
    columns: brief.map((name) => ({ name, type: typeOf(name) })),
    rows: rows.map((row) => brief.map((name) => cell(row, name))),
  });
}
