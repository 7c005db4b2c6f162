import { AppError } from "../errors.ts";

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
