import { svg } from "./dom.ts";
import { formatCount } from "./format.ts";

const ALL_BARS_WIDTH = 96;
const BAR_HEIGHT = 20;

/** Bars over time, the highest full height; anything above nothing shows. */
export function sparkline(values: readonly number[]): SVGElement {
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
