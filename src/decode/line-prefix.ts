import { readTime } from "./times.ts";

/** What stands before a record in a line. */
export interface LinePrefix {
  /** Where the record begins. */
  readonly end: number;
  /** The event's time, -1 if the prefix has none. */
  readonly time: number;
}

/** A group, a date, a time, a stream. */
const MOST_WORDS = 4;
/** CloudWatch Logs names the stream of an interface like this. */
const STREAM = /^eni-[0-9a-f]+-(?:all|accept|reject)$/;

/**
 * The words before a record: its time, its stream and its log group, as `aws logs tail` and `awslogs` print them, or the number
 * of the row. `words` is how many there are more than fields; null unless all of them are of that kind.
 */
export function prefixOf(bytes: Uint8Array, from: number, to: number, words: number): LinePrefix | null {
  if (words < 1 || words > MOST_WORDS) return null;
  const before: string[] = [];
  let end = from;
  for (let word = 0; word < words; word++) {
    const text = wordAt(bytes, end, to);
    before.push(text);
    end = skipBlanks(bytes, end + text.length, to);
  }
  if (STREAM.test(before.at(-1)!)) before.pop();
  const time = timeOf(before);
  if (time === null && before.length === words)
    return words === 1 && /^\d{1,12}$/.test(before[0]) ? { end, time: -1 } : null;
  // What is left is the name of the log group.
  return before.length > (time?.words ?? 0) + 1 ? null : { end, time: time?.seconds ?? -1 };
}

/** The time at the end of the words, in one word or two. */
function timeOf(words: readonly string[]): { seconds: number; words: number } | null {
  for (const count of [1, 2]) {
    if (count > words.length) break;
    const seconds = readTime(words.slice(-count).join(" ").replaceAll(/[[\]]/g, ""));
    if (seconds >= 0) return { seconds, words: count };
  }
  return null;
}

export function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === 32 || bytes[at] === 9)) at++;
  return at;
}

/** The characters from `from` on up to a blank. */
export function wordAt(bytes: Uint8Array, from: number, to: number): string {
  let end = from;
  while (end < to && bytes[end] !== 32 && bytes[end] !== 9) end++;
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString("latin1");
}
