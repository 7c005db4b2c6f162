import { AppError } from "../errors.ts";

// What errors of DuckDB mean to the user. DuckDB gives texts, no codes.

/** What the operating system says when it refuses a write. */
const REFUSED =
  /(No space left on device|File too large|Disk quota exceeded|Read-only file system|Input\/output error)/i;

/** The error for a file that another process holds a lock on; null for any other error. DuckDB gives a text only, no code. */
export function inUseError(path: string, error: unknown, hint: string): AppError | null {
  if (!/could not set lock on file/i.test(String(error))) return null;
  return new AppError("E_IN_USE", `${path} is in use by another process`, { hint, cause: error });
}

/** `E_STORE` for a write that the system refused, or a file whose views reach outside; any other error as it is. */
export function writeError(path: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (text.startsWith("Permission Error")) {
    return new AppError("E_STORE", `${path} has a view or macro that reaches for another file`, {
      hint: "flowreplay did not write that: replay the logs into a new file",
      cause: error,
    });
  }
  const refused = REFUSED.exec(text)?.[1];
  if (refused === undefined) return error;
  // DuckDB begins the reason with a capital, Node does not.
  const why = refused[0].toUpperCase() + refused.slice(1);
  return new AppError("E_STORE", `cannot write ${path}: ${why}`, {
    hint: "make room there and replay again: what was committed stays, nothing is stored twice",
    cause: error,
  });
}

/** What DuckDB says with `errors_as_json`; `position` counts bytes of the statement's UTF-8 text from 0. */
interface EngineError {
  readonly exception_type?: string;
  readonly exception_message?: string;
  readonly position?: string;
}

/** One line for a mistake in SQL: the engine's words and where in the text it stopped (line and column from 1). */
export function queryError(error: unknown, sql: string): AppError {
  const text = error instanceof Error ? error.message : String(error);
  const engine = parseEngineError(text);
  const lines = (engine.exception_message ?? text).split("\n").map((line) => line.trim());
  const [message, ...rest] = lines.filter((line) => line !== "");
  const at = engine.position === undefined ? "" : ` (${position(sql, Number(engine.position))})`;
  return new AppError("E_QUERY", `${message ?? "the query failed"}${at}`, {
    hint: hintFor(engine, rest),
    cause: error,
  });
}

function parseEngineError(text: string): EngineError {
  const start = text.indexOf("{");
  if (start < 0) return {};
  try {
    const parsed: unknown = JSON.parse(text.slice(start));
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function position(sql: string, offset: number): string {
  const before = Buffer.from(sql, "utf8").subarray(0, offset).toString("utf8");
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return `line ${line}, column ${Array.from(before.slice(lineStart)).length + 1}`;
}

function hintFor(engine: EngineError, rest: readonly string[]): string | undefined {
  const suggestion = rest.find((line) => /^(Did you mean|Candidate)/.test(line));
  if (suggestion !== undefined) return suggestion;
  if (engine.exception_type === "Permission")
    return "queries read the evidence file only, no other file and no network";
  if (engine.exception_type === "Out of Memory") return "narrow the query: fewer columns, a filter, or a limit";
  return undefined;
}
