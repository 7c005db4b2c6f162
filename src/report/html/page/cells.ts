import type { Entity, TableColumn, Tone, Word } from "../page-data.ts";
import { type Child, formatBytes, formatCount, formatPercent, formatTime, h, lastPart, svg } from "./dom.ts";

/** Most items of a list in a cell; the opened row shows all. */
const LIST_ITEMS = 4;

/** The content of a cell; `whole` leaves nothing out. */
export function cellContent(column: TableColumn, row: number, whole = false): Child {
  const value = column.values[row];
  if (value === null) return whole ? h("span", { class: "absent" }, "none") : null;
  if (column.words !== null) return wordContent(column, column.words[value], whole);
  switch (column.kind) {
    case "bytes":
      return formatBytes(value);
    case "percent":
      return formatPercent(value);
    case "time":
      return h("time", { datetime: new Date(value * 1000).toISOString() }, formatTime(value));
    case "plain":
      return String(value);
    default:
      return formatCount(value);
  }
}

function wordContent({ kind, entity }: TableColumn, word: Word, whole: boolean): Child {
  if (kind === "spark") return sparkline(word as readonly number[]);
  if (typeof word !== "string") return listContent(word.map(String), entity, whole);
  if (entity !== null) return entityLink(entity, word);
  if (kind === "tag") return tag(word);
  if (kind === "code") return h("code", {}, word);
  if (kind === "path" && !whole) return h("span", { title: word }, lastPart(word));
  return whole ? word : h("div", { class: "prose" }, word);
}

function listContent(items: readonly string[], entity: Entity | null, whole: boolean): Child {
  const shown = whole ? items : items.slice(0, LIST_ITEMS);
  const nodes = shown.flatMap((item, at): Child[] => [
    at > 0 ? ", " : null,
    entity === null ? item : entityLink(entity, item),
  ]);
  if (shown.length < items.length)
    nodes.push(h("span", { class: "absent" }, ` +${formatCount(items.length - shown.length)}`));
  return h("span", { class: "list" }, ...nodes);
}

/** The rule, interface or source that the URL of the page names. */
export interface LinkTarget {
  readonly entity: Entity;
  readonly id: string;
}

const ENTITIES: readonly Entity[] = ["rule", "interface", "source"];

/** `#rule=sgr-…`, percent-encoded for any id. */
export function linkTo({ entity, id }: LinkTarget): string {
  return `#${entity}=${encodeURIComponent(id)}`;
}

/** The target of a fragment; null if it names a section or nothing. */
export function readLink(hash: string): LinkTarget | null {
  const at = hash.indexOf("=");
  const entity = ENTITIES.find((name) => hash.slice(1, at) === name);
  if (!hash.startsWith("#") || entity === undefined) return null;
  try {
    const id = decodeURIComponent(hash.slice(at + 1));
    return id === "" ? null : { entity, id };
  } catch {
    return null;
  }
}

export function entityLink(entity: Entity, id: string): HTMLElement {
  return h("a", { href: linkTo({ entity, id }), class: "entity" }, id);
}

function tag(word: string): HTMLElement {
  return h("span", { class: `tag ${toneOf(word)}` }, word.replaceAll("_", " "));
}

/** Tones of known words; others are quiet. */
const TONES: Readonly<Record<Tone, readonly string[]>> = {
  good: ["agree", "real", "complete", "ACCEPT", "allow", "used"],
  bad: [
    "unexpected_accept",
    "scanner_only",
    "high",
    "vertical",
    "horizontal",
    "spray",
    "lateral",
    "brute_force",
    "slow",
  ],
  warn: [
    "unexpected_reject",
    "unused",
    "replyless",
    "REJECT",
    "deny",
    "gaps",
    "medium",
    "scanner",
    "accept_only",
    "reject_only",
  ],
  info: [
    "undecided",
    "short_window",
    "unattached",
    "unobservable",
    "low",
    "late_packet",
    "tracked_after_rule_change",
    "return_path_nacl",
  ],
  quiet: [],
};

function toneOf(word: string): Tone {
  const tones = Object.keys(TONES) as Tone[];
  return tones.find((tone) => TONES[tone].includes(word)) ?? "quiet";
}

const ALL_BARS_WIDTH = 96;
const BAR_HEIGHT = 20;

/** Bars over time. The highest has the full height; any value above 0 shows. */
function sparkline(values: readonly number[]): SVGElement {
  const most = Math.max(1, ...values);
  const step = ALL_BARS_WIDTH / Math.max(1, values.length);
  const bars = values.flatMap((value, at) => {
    if (value <= 0) return [];
    const height = Math.max(1.5, (value / most) * BAR_HEIGHT);
    const width = Math.max(0.75, step - (step > 3 ? 1 : 0));
    return [
      svg("rect", { x: fixed(at * step), y: fixed(BAR_HEIGHT - height), width: fixed(width), height: fixed(height) }),
    ];
  });
  const label = `at most ${formatCount(Math.max(0, ...values))} records in one of ${values.length} steps of the window`;
  return svg(
    "svg",
    {
      class: "spark",
      role: "img",
      "aria-label": label,
      viewBox: `0 0 ${ALL_BARS_WIDTH} ${BAR_HEIGHT}`,
      width: ALL_BARS_WIDTH,
      height: BAR_HEIGHT,
    },
    svg("line", { x1: 0, x2: ALL_BARS_WIDTH, y1: BAR_HEIGHT, y2: BAR_HEIGHT }),
    ...bars,
  );
}

function fixed(value: number): string {
  return value.toFixed(2);
}
