/** Which kind of thing went wrong. Programs tell errors apart by this code, never by the text. */
export type ErrorCode =
  | "E_USAGE"
  | "E_MODEL"
  | "E_SOURCE"
  | "E_FORMAT"
  | "E_STORE"
  /** Another process has the evidence file open; it can be tried again. */
  | "E_IN_USE"
  | "E_QUERY"
  | "E_INTERRUPTED";

/**
 * A failure that the user can mend. `message` names what, where (file, JSON path, object, line) and the offending value;
 * `hint` says what to try. The command line prints each on one line. Any other error is a bug and keeps its stack.
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

/** True for an `AppError` with one of the codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is AppError {
  return error instanceof AppError && codes.includes(error.code);
}
