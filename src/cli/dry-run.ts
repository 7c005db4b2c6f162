import { visible } from "../report/renderers/renderer.ts";
import type { SourcePlan } from "../source/source.ts";

/** What a replay would read, as text: objects in order with their sizes, then the totals and what was left out. */
export function describePlan(plan: SourcePlan): string {
  const lines = plan.objects.map((object) => `${size(object.size).padStart(9)}  ${visible(object.name)}`);
  const { from, to } = plan.window;
  const window = from === null && to === null ? "" : `, object times ${time(from)} to ${time(to)}`;
  const known = plan.known > 0 ? `; ${count(plan.known)} already ingested` : "";
  const total = `${count(plan.objects.length)} objects, ${size(plan.bytes)}; ${count(plan.pruned)} left out${known}${window}`;
  return `${[...lines, total].join("\n")}\n`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function size(bytes: number | null): string {
  if (bytes === null) return "?";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function time(seconds: number | null): string {
  return seconds === null ? "open" : new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
