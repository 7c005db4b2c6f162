import type uPlotType from "uplot";
import type { TimelineBlock, TimelineSeries } from "../page-data.ts";
import { formatCount, formatStep, formatTime, h } from "./dom.ts";
import { onThemeChange } from "./theme.ts";

/** uPlot is loaded by the script before this one. */
declare const uPlot: typeof uPlotType;

const CHART_HEIGHT = 200;

/** Counts over time: a chart by uPlot, a legend of buttons, and a table for screen readers. */
export function timelineView(block: TimelineBlock): HTMLElement {
  const canvas = h("div", { class: "chart", "aria-hidden": "true" });
  const reading = h("span", { class: "reading", "aria-hidden": "true" });
  const buttons = block.series.map(legendButton);
  const start = (): void => {
    if (canvas.clientWidth === 0) return;
    observer.disconnect();
    const plot = createPlot(block, canvas, buttons, (text) => (reading.textContent = text));
    for (const [at, button] of buttons.entries()) {
      button.addEventListener("click", () => {
        const show = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(show));
        plot.setSeries(at + 1, { show });
      });
    }
    new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height: CHART_HEIGHT })).observe(canvas);
    onThemeChange(() => plot.redraw(false));
  };
  // The chart needs a width, so it waits for the layout.
  const observer = new ResizeObserver(start);
  observer.observe(canvas);
  return h(
    "figure",
    { class: "timeline" },
    h("figcaption", {}, block.caption, h("span", { class: "absent" }, ` by ${formatStep(block.step)}, UTC`)),
    h("div", { class: "legend" }, ...buttons, reading),
    canvas,
    asTable(block),
  );
}

/** Colours come from the style sheet: those of a series from its button, those of the axes from the chart. */
function createPlot(
  block: TimelineBlock,
  parent: HTMLElement,
  buttons: readonly HTMLElement[],
  say: (text: string) => void,
): uPlotType {
  const buckets = block.series[0]?.values.length ?? 0;
  // One point more than buckets, so that the last step is as wide as the others.
  const times = Array.from({ length: buckets + 1 }, (_, at) => block.start + at * block.step);
  const { fontFamily } = getComputedStyle(parent);
  const axis: uPlotType.Axis = {
    font: `12px ${fontFamily}`,
    stroke: () => getComputedStyle(parent).color,
    grid: { stroke: () => getComputedStyle(parent).borderTopColor, width: 1 },
    ticks: { show: false },
  };
  const series = block.series.map(({ label }, at): uPlotType.Series => ({
    label,
    width: 1.5,
    stroke: () => getComputedStyle(swatchOf(buttons[at])).color,
    fill: () => getComputedStyle(swatchOf(buttons[at])).backgroundColor,
    paths: uPlot.paths.stepped?.({ align: 1 }),
    points: { show: buckets < 3, size: 6 },
  }));
  const options: uPlotType.Options = {
    width: parent.clientWidth,
    height: CHART_HEIGHT,
    // All times are UTC, not local time.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.05)] } },
    axes: [
      {
        ...axis,
        incrs: TIME_STEPS,
        values: (_plot, ticks, _axis, _space, step) => ticks.map((tick) => tickText(tick, step)),
      },
      { ...axis, size: 64, incrs: WHOLE_STEPS, values: (_plot, ticks) => ticks.map(formatCount) },
    ],
    series: [{}, ...series],
    hooks: { setCursor: [({ cursor }) => say(readingAt(block, cursor.idx ?? null))] },
  };
  return new uPlot(options, [times, ...block.series.map(({ values }) => [...values, values[buckets - 1]])], parent);
}

/** Hours and minutes, the date at midnight. */
function tickText(seconds: number, step: number): string {
  const text = formatTime(seconds);
  return step >= 86_400 || seconds % 86_400 === 0 ? text.slice(5, 10) : text.slice(11, 16);
}

function swatchOf(button: HTMLElement): Element {
  return button.firstElementChild ?? button;
}

/** Records have no finer resolution than a minute. */
const TIME_STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200].concat(
  [1, 2, 5, 10, 30, 90, 365].map((days) => days * 86_400),
);

/** Counts are whole numbers. */
const WHOLE_STEPS = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

function readingAt({ start, step, series }: TimelineBlock, at: number | null): string {
  if (at === null || at < 0 || at >= (series[0]?.values.length ?? 0)) return "";
  const counts = series.map(({ label, values }) => `${label} ${formatCount(values[at])}`);
  return `${formatTime(start + at * step, step)}: ${counts.join(", ")}`;
}

function legendButton({ label, tone, values }: TimelineSeries): HTMLElement {
  const total = values.reduce((sum, value) => sum + value, 0);
  const swatch = h("span", { class: `swatch ${tone}`, "aria-hidden": "true" });
  return h("button", { type: "button", "aria-pressed": "true" }, swatch, `${label} ${formatCount(total)}`);
}

function asTable({ caption, start, step, series }: TimelineBlock): HTMLElement {
  const table = h("table", {}, h("caption", {}, caption));
  const details = h("details", { class: "data" }, h("summary", {}, "As a table"), table);
  // The table is made only when it is opened.
  details.addEventListener(
    "toggle",
    () => {
      const names = series.map(({ label }) => h("th", { scope: "col", class: "number" }, label));
      const rows = (series[0]?.values ?? []).map((_, at) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, formatTime(start + at * step, step)),
          ...series.map(({ values }) => h("td", { class: "number" }, formatCount(values[at]))),
        ),
      );
      table.append(h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Time"), ...names)), h("tbody", {}, ...rows));
    },
    { once: true },
  );
  return details;
}
