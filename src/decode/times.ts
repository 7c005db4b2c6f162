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
