/** What went wrong, in the terms a user can act on. The CLI prints `message` and `hint` on one line each; never a stack. */
export type ErrorCode = "E_USAGE" | "E_MODEL" | "E_SOURCE" | "E_FORMAT" | "E_STORE" | "E_QUERY" | "E_INTERRUPTED";

/**
 * A failure the user can mend. `message` names what, where (file, JSON path, object, line) and the offending value;
 * `hint` says what to try. Anything else that is thrown is a bug and keeps its stack.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.hint = options.hint;
  }
}
