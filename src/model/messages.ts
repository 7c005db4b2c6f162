import { AppError } from "../errors.ts";
import type { Origin } from "./model.ts";

const LONGEST_VALUE = 60;
/** Characters that could mislead a terminal or a reader: controls, line separators, bidirectional overrides. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A value of the user's JSON on one line, at most 60 characters, without control characters. */
export function show(value: unknown): string {
  const json = jsonOf(value);
  return plain(json.length > LONGEST_VALUE ? `${json.slice(0, LONGEST_VALUE)}…` : json);
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "nothing";
  } catch {
    // JSON.parse reads deeper nesting than JSON.stringify writes.
    return Array.isArray(value) ? "[…]" : "{…}";
  }
}

/** A name (path, id) in a message: control characters as escapes, so that a message stays one line. */
function plain(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `file: /json/pointer`, as messages name the location of a thing. */
export function locationOf(origin: Origin): string {
  return plain(origin.pointer === "" ? origin.file : `${origin.file}: ${origin.pointer}`);
}

/** The error of a model that cannot be used: one line with file, JSON pointer and value. */
export function modelError(origin: Origin, problem: string, hint?: string): AppError {
  return new AppError("E_MODEL", `${locationOf(origin)}: ${plain(problem)}`, { hint: hint && plain(hint) });
}

/** Collects notes about what was read. Details of one topic become one line. */
export interface Notes {
  add(topic: string, detail: string): void;
}

const DETAILS_SHOWN = 3;

/** Notes in order of first appearance, one line per topic: its first details and how many more there are. */
export function collectNotes(): Notes & { lines(): string[] } {
  const topics = new Map<string, { shown: string[]; count: number }>();
  return {
    add(topic, detail) {
      let entry = topics.get(topic);
      if (!entry) topics.set(topic, (entry = { shown: [], count: 0 }));
      if (entry.count++ < DETAILS_SHOWN) entry.shown.push(plain(detail));
    },
    lines: () =>
      [...topics].map(([topic, { shown, count }]) => {
        const more = count > shown.length ? ` and ${count - shown.length} more` : "";
        return `${topic}: ${shown.join("; ")}${more}`;
      }),
  };
}
