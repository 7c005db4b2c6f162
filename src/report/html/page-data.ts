/**
 * What a page holds: the server collects it, JSON carries it, the page's script draws it. Types only, because the two
 * sides share no code. Nothing in here is markup: every string is drawn as text.
 */
export interface PageData {
  readonly title: string;
  readonly subtitle: string;
  /** Where the page comes from: model, tool, time. Shown at its end. */
  readonly about: readonly Fact[];
  readonly sections: readonly Section[];
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export interface Section {
  /** The anchor; also the deep link to the section. */
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

/** Key figures, each with the section that explains it. */
export interface FiguresBlock {
  readonly kind: "figures";
  readonly figures: readonly Figure[];
}

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly tone: Tone;
  /** Section id, null where there is none. */
  readonly target: string | null;
}

/** How a value is meant: the colour follows from it, the words say the same. */
export type Tone = "good" | "bad" | "warn" | "info" | "quiet";

/** Counts over time: `values[series][bucket]`, buckets of `step` seconds from `start` (Unix seconds) on. */
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

/** Evidence per interface and stretch of time. Cells are 0-100 (share of the minutes), null before or after the log. */
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
  /** Columns with SKIPDATA, and columns that a gap touches. */
  readonly skipped: readonly number[];
  readonly gaps: readonly number[];
}

/** Records by source and port; `cells[row][column]`, the last column holds every other port. */
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
  /** Columns in the table itself; a row opens to show all of them. */
  readonly shown: readonly string[];
  /** Columns with few values, to filter by. */
  readonly facets: readonly string[];
  /** Rows that belong together under a heading; null where rows stand alone. */
  readonly groupBy: string | null;
  /** What to say where there are no rows. */
  readonly empty: string;
  /** Where the rest is, when the table was cut; else null. */
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

/** What a value names, for links to everything that the page knows of it. */
export type Entity = "rule" | "interface" | "source";

/** One column of a table. `values` are numbers, or, where `words` is given, places in it; null is absent. */
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
