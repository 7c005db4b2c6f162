/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Attributes by name. A function listens to the event of that name; null and false omit the attribute. */
type Attributes = Readonly<Record<string, string | number | boolean | null | ((event: Event) => void)>>;
export type Child = Node | string | null;

/** An element with attributes and children. Strings become text nodes, so data is never read as markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, attributes, children);
  return element;
}

/** The same for SVG. */
export function svg(tag: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  apply(element, attributes, children);
  return element;
}

function apply(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== null) element.append(child);
}

/** Text for screen readers only. */
export function spoken(text: string): HTMLElement {
  return h("span", { class: "spoken" }, text);
}

/** Whole numbers with separators; at most two decimals. */
const NUMBER = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export function formatCount(value: number): string {
  return NUMBER.format(value);
}

/** `1 row`, `1,033 rows`. */
export function formatPlural(value: number, noun: string): string {
  return `${NUMBER.format(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Binary units with three digits: `5.12 MiB`. */
export function formatBytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let amount = value;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit === 0 ? amount : Number(amount.toPrecision(3))} ${units[unit]}`;
}

export function formatPercent(share: number): string {
  return `${Math.floor(share * 1000) / 10} %`;
}

/** UTC, `2026-11-01 09:00:00`; no finer than `step`. */
export function formatTime(seconds: number, step = 1): string {
  const text = new Date(seconds * 1000).toISOString().replace("T", " ");
  return text.slice(0, step >= 86_400 ? 10 : step >= 60 ? 16 : 19);
}

/** `15 minutes`, `1 hour`, `2 days`. */
export function formatStep(seconds: number): string {
  const [size, unit] =
    seconds % 86_400 === 0 ? [86_400, "day"] : seconds % 3600 === 0 ? [3600, "hour"] : [60, "minute"];
  return formatPlural(seconds / size, unit);
}

/** The last part of a path, where log objects differ. */
export function lastPart(path: string): string {
  return (
    path
      .replace(/[/\\]+$/, "")
      .split(/[/\\]/)
      .at(-1) ?? path
  );
}
