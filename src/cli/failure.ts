import { CommanderError } from "commander";
import { AppError } from "../errors.ts";
import { visible } from "../report/renderers/renderer.ts";

/** Exit codes of the command line (README): every command uses these. */
export const EXIT = { done: 0, found: 1, couldNotRun: 2, nothingToJudge: 3, interrupted: 130 } as const;

/** The text for stderr and the exit code. Only bugs print a stack. */
export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof AppError) {
    const hint = error.hint === undefined ? "" : `hint: ${visible(error.hint)}\n`;
    const exitCode = error.code === "E_INTERRUPTED" ? EXIT.interrupted : EXIT.couldNotRun;
    return { text: `flowreplay: ${visible(error.message)}\n${hint}`, exitCode };
  }
  // Commander has already printed its help, or its message through `configureOutput`.
  if (error instanceof CommanderError)
    return { text: "", exitCode: error.exitCode === 0 ? EXIT.done : EXIT.couldNotRun };
  const unloadable = nativeProblem(error);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const text =
    unloadable === null
      ? `flowreplay: internal error, please report it with this trace\n${stack}\n`
      : `flowreplay: DuckDB cannot be loaded: ${visible(unloadable)}\n${NATIVE_HINT}`;
  return { text, exitCode: EXIT.couldNotRun };
}

const NATIVE_HINT = "hint: install flowreplay again on this machine, with its optional dependencies\n";

/** Why DuckDB's native part (one package per platform) cannot be loaded; null for any other error. */
function nativeProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const [problem] = error.message.split("\n", 1);
  return /@duckdb\/node-bindings-|duckdb native binding|\bduckdb\.node\b|\blibduckdb\b/.test(problem) ? problem : null;
}
