/**
 * The content of a page: flowreplay collects it, the page carries it as JSON, the script of the page draws it. Types only,
 * because the two sides share no code. Nothing is markup: every string is drawn as text.
 */
export interface PageData {
  readonly title: string;
  readonly subtitle: string;
  /** Model, tool and time, for the footer. */
  readonly about: readonly Fact[];
  readonly sections: readonly Section[];
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export interface Section {
  /** The anchor of the section. */
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly blocks: readonly Block[];
}

export type Block = NoteBlock | FactsBlock | FiguresBlock | TimelineBlock | HeatMapBlock | MatrixBlock | TableBlock;

export interface NoteBlock {
  readonly kind: "note";
  readonly text: string;
}

export interface FactsBlock {
  readonly kind: "facts";
  readonly facts: readonly Fact[];
}

/** Key figures, each with a link to its section. */
export interface FiguresBlock {
  readonly kind: "figures";
  readonly figures: readonly Figure[];
}

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly tone: Tone;
  /** Section id, or null. */
  readonly target: string | null;
}

/** The meaning of a value. It sets the colour; the text says the same. */
export type Tone = "good" | "bad" | "warn" | "info" | "quiet";

/** Counts over time: `values[series][bucket]`, in buckets of `step` seconds from `start` (Unix seconds). */
export interface TimelineBlock {
  readonly kind: "timeline";
  readonly id: string;
  readonly caption: string;
  readonly start: number;
  readonly step: number;
  readonly series: readonly TimelineSeries[];
}

export interface TimelineSeries {
  readonly label: string;
  readonly tone: Tone;
  readonly values: readonly number[];
}

/** Coverage by interface and stretch of time. Cells are 0-100 (percent of the minutes), null before or after the log. */
export interface HeatMapBlock {
  readonly kind: "heat";
  readonly id: string;
  readonly caption: string;
  readonly start: number;
  readonly step: number;
  readonly rows: readonly HeatRow[];
}

export interface HeatRow {
  readonly interfaceId: string;
  readonly name: string;
  readonly shares: readonly (number | null)[];
  /** Columns with SKIPDATA, and columns with a gap. */
  readonly skipped: readonly number[];
  readonly gaps: readonly number[];
}

/** Records by source and port: `cells[row][column]`. The last column has all other ports. */
export interface MatrixBlock {
  readonly kind: "matrix";
  readonly id: string;
  readonly caption: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly cells: readonly (readonly number[])[];
}

export interface TableBlock {
  readonly kind: "table";
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  readonly rowCount: number;
  /** Columns of the table; an opened row shows all columns. */
  readonly shown: readonly string[];
  /** Columns to filter by. */
  readonly facets: readonly string[];
  /** Column that groups rows under headings, or null. */
  readonly groupBy: string | null;
  /** Text if there are no rows. */
  readonly empty: string;
  /** Where to find the rest if the table was cut, or null. */
  readonly more: string | null;
}

export type ColumnKind =
  | "text"
  | "code"
  | "path"
  | "tag"
  | "count"
  | "plain"
  | "bytes"
  | "percent"
  | "time"
  | "list"
  | "spark";

/** What a value names; it then links to everything about it on the page. */
export type Entity = "rule" | "interface" | "source";

/** One column of a table. `values` are numbers, or, where `words` is given, indexes into it; null is absent. */
export interface TableColumn {
  readonly name: string;
  readonly label: string;
  readonly kind: ColumnKind;
  readonly entity: Entity | null;
  readonly values: readonly (number | null)[];
  readonly words: readonly Word[] | null;
}

/** A text, a list of texts, or the values of a sparkline. */
export type Word = string | readonly string[] | readonly number[];
