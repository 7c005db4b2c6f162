/** How messages and reports write counts and times. */

const INTEGER = new Intl.NumberFormat("en-US");

/** `1,033`; absent is 0. */
export function count(value: unknown): string {
  return typeof value === "number" ? INTEGER.format(value) : String(value ?? 0);
}

/** `1 port`, `1,033 ports`, `2 entries`. */
export function plural(value: unknown, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** The first of a list, and how many more there are: `a, b and 3 more`. */
export function firstOf(items: readonly string[], most = 8): string {
  const rest = items.length - most;
  return rest > 0 ? `${items.slice(0, most).join(", ")} and ${count(rest)} more` : items.join(", ");
}

/** ISO 8601 UTC of Unix seconds: `2026-11-01T09:00:00Z`. */
export function isoTime(seconds: number): string;
export function isoTime(seconds: number | null): string | null;
export function isoTime(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** The same for people, without the zone: `2026-11-01 09:00:00`. */
export function plainTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

/** `2026-11-01 09:00`. */
export function plainMinute(seconds: number): string {
  return plainTime(seconds).slice(0, 16);
}
