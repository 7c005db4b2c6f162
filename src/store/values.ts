import type { DuckDBValue } from "@duckdb/node-api";
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
} from "./duckdb.ts";

/** A value of a result row: what JSON can say, with absent as null. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * Integers become numbers up to 2^53, strings beyond; timestamps ISO 8601 UTC; lists arrays; NaN and infinities null;
 * types without a JSON form their DuckDB text.
 */
export function plainValue(value: DuckDBValue): Plain {
  switch (typeof value) {
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case "number":
      return Number.isFinite(value) ? value : null;
    case "string":
    case "boolean":
      return value;
  }
  if (value === null || value === undefined) return null;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return isoTime(value.micros, 6);
  if (value instanceof DuckDBTimestampSecondsValue) return isoTime(value.seconds, 0);
  if (value instanceof DuckDBTimestampMillisecondsValue) return isoTime(value.millis, 3);
  if (value instanceof DuckDBTimestampNanosecondsValue) return isoTime(value.nanos, 9);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plainValue);
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, item]) => [key, plainValue(item)]));
  }
  if (value instanceof DuckDBMapValue) {
    return value.entries.map(({ key, value: item }) => ({ key: plainValue(key), value: plainValue(item) }));
  }
  if (value instanceof DuckDBBlobValue || value instanceof DuckDBDateValue) return value.toString();
  return String(value);
}

/** `ticks` of 10^-digits seconds since 1970 as `2026-11-01T00:00:00Z`; a fraction only where there is one. */
function isoTime(ticks: bigint, digits: number): string {
  const scale = 10n ** BigInt(digits);
  let seconds = ticks / scale;
  let fraction = ticks % scale;
  if (fraction < 0n) {
    seconds -= 1n;
    fraction += scale;
  }
  const milliseconds = Number(seconds) * 1000;
  // DuckDB's years reach further than Date's.
  if (Math.abs(milliseconds) > 8.64e15) return ticks > 0n ? "infinity" : "-infinity";
  const whole = new Date(milliseconds).toISOString().slice(0, -5);
  const rest = fraction === 0n ? "" : `.${fraction.toString().padStart(digits, "0").replace(/0+$/, "")}`;
  return `${whole}${rest}Z`;
}
