import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import { AppError } from "../errors.ts";
import { createTurns } from "../pool/turns.ts";
import { LIST, listValue, StatementType, VARCHAR } from "./duckdb.ts";
import { openEvidence, type OpenEvidence } from "./open.ts";
import { queryError } from "./query-error.ts";
import { type Plain, plainValue } from "./values.ts";

export type { Plain } from "./values.ts";

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

/** An evidence file open for queries. All SQL is read-only and confined to the file (see open.ts). */
export interface Reader {
  /**
   * One SELECT-like statement, all rows; several may be asked for at once. Throws `E_QUERY` with the position of a mistake.
   */
  run(sql: string, parameters?: Parameters): Promise<Result>;
  /** The same, chunk by chunk; take all chunks, or none, before the next statement. */
  stream(sql: string, parameters?: Parameters): Promise<ResultStream>;
  close(): void;
}

/** Throws `E_STORE` when the file is missing, foreign, of another version or locked by a running replay. */
export async function openReader(path: string): Promise<Reader> {
  return readerOf(await openEvidence(path));
}

/** A reader over an evidence file that is already open; closing it closes the file. */
export function readerOf({ connection, close }: Pick<OpenEvidence, "connection" | "close">): Reader {
  const stream = (sql: string, parameters: Parameters = {}) => streamStatement(connection, sql, parameters);
  const runNow = async (sql: string, parameters?: Parameters): Promise<Result> => {
    const { columns, chunks } = await stream(sql, parameters);
    const rows: Plain[][] = [];
    for await (const chunk of chunks) for (const row of chunk) rows.push(row);
    return { columns, rows };
  };
  const inTurn = createTurns();
  return {
    stream,
    run: (sql, parameters) => inTurn(() => runNow(sql, parameters)),
    close,
  };
}

async function streamStatement(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters,
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
