import { CommanderError } from "commander";
import { AppError } from "../errors.ts";
import { visible } from "../report/renderers/renderer.ts";

/** Exit codes of the command line (README): every command uses these. */
export const EXIT = { done: 0, found: 1, couldNotRun: 2, nothingToJudge: 3, interrupted: 130 } as const;

/** What to print on stderr for a failure, and the code to end with. A stack only for bugs. */
export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof AppError) {
    const hint = error.hint === undefined ? "" : `hint: ${visible(error.hint)}\n`;
    const exitCode = error.code === "E_INTERRUPTED" ? EXIT.interrupted : EXIT.couldNotRun;
    return { text: `flowreplay: ${visible(error.message)}\n${hint}`, exitCode };
  }
  // Commander has already printed its help, or its message through `configureOutput`.
  if (error instanceof CommanderError)
    return { text: "", exitCode: error.exitCode === 0 ? EXIT.done : EXIT.couldNotRun };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    text: `flowreplay: internal error, please report it with this trace\n${stack}\n`,
    exitCode: EXIT.couldNotRun,
  };
}
