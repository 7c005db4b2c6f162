import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBValue } from "@duckdb/node-api";
import pLimit from "p-limit";
import { AppError } from "../errors.ts";
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
  LIST,
  listValue,
  StatementType,
  VARCHAR,
} from "./duckdb.ts";
import { queryError } from "./duckdb-errors.ts";
import { openReadOnly, type ReadOnlyFile } from "./read-only.ts";

export interface Column {
  readonly name: string;
  /** DuckDB's name of the type, e.g. `UBIGINT`, `VARCHAR[]`. */
  readonly type: string;
}

/** Rows arrive in chunks, so that a result of any size passes through bounded memory. */
export interface ResultStream {
  readonly columns: readonly Column[];
  readonly chunks: AsyncIterable<readonly Plain[][]>;
}

export interface Result {
  readonly columns: readonly Column[];
  readonly rows: readonly Plain[][];
}

/** Values for `$name` in the SQL. Always bound, never pasted into the text. */
export type Parameters = Readonly<Record<string, string | number | bigint | boolean | null | readonly string[]>>;

/** An evidence file open for queries. All SQL is read-only and confined to the file (see read-only.ts). */
export interface EvidenceQuery {
  /**
   * One SELECT-like statement, all rows; several may be asked for at once. Throws `E_QUERY` with the position of a mistake.
   */
  run(sql: string, parameters?: Parameters): Promise<Result>;
  /** The same, chunk by chunk; take all chunks, or none, before the next statement. */
  stream(sql: string, parameters?: Parameters): Promise<ResultStream>;
  close(): void;
}

/** Throws `E_STORE` when the file is missing, foreign or of another version, `E_IN_USE` when a running replay has locked it. */
export async function openEvidence(path: string): Promise<EvidenceQuery> {
  return evidenceQueryOn(await openReadOnly(path));
}

/** Queries on an evidence file that is already open; closing them closes the file. */
export function evidenceQueryOn({ connection, close }: Pick<ReadOnlyFile, "connection" | "close">): EvidenceQuery {
  const oneAtATime = pLimit(1);
  return {
    stream: (sql, parameters) => streamStatement(connection, sql, parameters),
    run: (sql, parameters) => oneAtATime(() => readAll(connection, sql, parameters)),
    close,
  };
}

async function readAll(connection: DuckDBConnection, sql: string, parameters?: Parameters): Promise<Result> {
  const { columns, chunks } = await streamStatement(connection, sql, parameters);
  const rows: Plain[][] = [];
  for await (const chunk of chunks) for (const row of chunk) rows.push(row);
  return { columns, rows };
}

async function streamStatement(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters = {},
): Promise<ResultStream> {
  const statement = await prepareOne(connection, sql);
  try {
    bindAll(statement, sql, parameters);
    const result = await statement.stream();
    const names = result.deduplicatedColumnNames();
    const columns = names.map((name, index) => ({ name, type: result.columnType(index).toString() }));
    const chunks = async function* (): AsyncGenerator<Plain[][]> {
      try {
        for await (const rows of result.yieldRows()) yield rows.map((row) => row.map(plainValue));
      } catch (error) {
        throw queryError(error, sql);
      } finally {
        statement.destroySync();
      }
    };
    return { columns, chunks: chunks() };
  } catch (error) {
    statement.destroySync();
    throw error instanceof AppError ? error : queryError(error, sql);
  }
}

async function prepareOne(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  let statement: DuckDBPreparedStatement;
  // A text of white space and comments only makes DuckDB fail without a message.
  if (sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, "").trim() === "") throw new AppError("E_QUERY", "the query is empty");
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) {
      throw new AppError("E_QUERY", `one statement at a time: this is ${statements.count}`, {
        hint: "run them one by one (a PIVOT without an IN list counts as two)",
      });
    }
    statement = await statements.prepare(0);
  } catch (error) {
    throw error instanceof AppError ? error : queryError(error, sql);
  }
  const type = statement.statementType;
  if (type === StatementType.SELECT || type === StatementType.EXPLAIN) return statement;
  statement.destroySync();
  throw new AppError("E_QUERY", `only SELECT statements can run here, not ${StatementType[type] ?? "this"}`, {
    hint: "the evidence file is opened read-only; use a copy with the duckdb shell to change it",
  });
}

/** Binds every parameter of the statement by name; throws `E_QUERY` for one without a value, or a value without one. */
export function bindAll(statement: DuckDBPreparedStatement, sql: string, parameters: Parameters): void {
  for (let index = 1; index <= statement.parameterCount; index++) {
    const name = statement.parameterName(index);
    if (!Object.hasOwn(parameters, name)) {
      throw new AppError("E_QUERY", `parameter $${name} has no value`, {
        hint: `give it with --param ${name}=<value>`,
      });
    }
    bindOne(statement, index, parameters[name]);
  }
  const used = new Set(Array.from({ length: statement.parameterCount }, (_, at) => statement.parameterName(at + 1)));
  const unused = Object.keys(parameters).find((name) => !used.has(name));
  if (unused !== undefined) {
    throw new AppError("E_QUERY", `parameter ${unused} is not used by the query`, {
      hint: used.size > 0 ? `it takes ${[...used].join(", ")}` : "it takes none",
      cause: sql,
    });
  }
}

function bindOne(statement: DuckDBPreparedStatement, index: number, value: Parameters[string]): void {
  if (Array.isArray(value)) statement.bindList(index, listValue(value as readonly string[]), LIST(VARCHAR));
  else if (typeof value === "number" && Number.isInteger(value)) statement.bindBigInt(index, BigInt(value));
  else statement.bindValue(index, value as Exclude<typeof value, readonly string[]>);
}

/**
 * Queries on as many connections as are asked for at once, `most` at the most: most of a short query's time goes into its
 * plan, which DuckDB makes on one core. `open` opens another connection to the same file.
 */
export function createQueryPool(
  first: DuckDBConnection,
  open: () => Promise<DuckDBConnection>,
  most: number,
): EvidenceQuery["run"] {
  const free = [first];
  const limit = pLimit(most);
  return (sql, parameters) =>
    limit(async () => {
      const connection = free.pop() ?? (await open());
      try {
        return await readAll(connection, sql, parameters);
      } finally {
        free.push(connection);
      }
    });
}

/** A value of a result row: what JSON can say, with absent as null. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * Integers become numbers up to 2^53, strings beyond; timestamps ISO 8601 UTC; lists arrays; NaN and infinities null;
 * types without a JSON form their DuckDB text.
 */
function plainValue(value: DuckDBValue): Plain {
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
