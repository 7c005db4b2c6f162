/**
 * Longest time that a record may cover, in seconds: the longest aggregation interval, 600 s, with the 60 s before it and
 * after it that a start or an end may be off. [VPC User Guide, Flow log records: "start", "end"]
 */
export const LONGEST_RECORD = 720;

/** 2014-01-01: flow logs exist since 2015, and the examples of AWS's documentation begin in December 2014. */
export const EARLIEST_TIME = 1_388_534_400;
/** 2100-01-01. No clock is read: the same record is good or bad whenever it is read. */
const LATEST_TIME = 4_102_444_800;
/** Seconds from EARLIEST_TIME on in which a record may start and end. */
export const TIME_RANGE = LATEST_TIME - EARLIEST_TIME;

/** Why a record cannot have this start and end, in seconds since 1970; null if it can. */
export function timeFault(start: number, end: number): string | null {
  if (start > end) return "end_before_start";
  if (start < EARLIEST_TIME || end >= LATEST_TIME) return "time_out_of_range";
  return end - start > LONGEST_RECORD ? "record_too_long" : null;
}

/** From here on a number is a time in milliseconds (as seconds it would lie in the year 5138). */
const MILLISECONDS_FROM = 100_000_000_000;

/** Seconds since 1970 of a number of seconds, or of thousandths, millionths or billionths of them. */
export function toSeconds(value: number): number {
  let seconds = value;
  while (seconds > MILLISECONDS_FROM) seconds = Math.floor(seconds / 1000);
  return seconds;
}

const DATE_AND_TIME = /^(\d{4}-\d\d-\d\d)[T _](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?(?:[ _]?(Z|UTC|[+-]\d\d:?\d\d))?$/;

/**
 * Seconds since 1970 of a date with a time, as Athena, Logs Insights and `aws logs tail` write them: `2024-12-14
 * 08:00:30.000`, `2024-12-14T08:00:30+00:00`; UTC unless it says otherwise, `_` for a blank. Also of an epoch in seconds or
 * parts of them, with a fraction or not (`1741000000.25`). -1 for any other text: a date alone does not say when.
 */
export function readTime(text: string): number {
  if (/^\d{10,19}(?:\.\d+)?$/.test(text)) return toSeconds(Math.floor(Number(text)));
  const match = DATE_AND_TIME.exec(text);
  if (match === null) return -1;
  const [, date, time, zone = "Z"] = match;
  const offset = zone === "UTC" ? "Z" : zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const milliseconds = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(milliseconds) ? -1 : Math.floor(milliseconds / 1000);
}
