import { EXIT } from "./failure.ts";

/** Why stdout takes no more text; null while it does. */
let lost: NodeJS.ErrnoException | null = null;

/**
 * What happens to the output must not change what is done, nor the verdict. A reader that has gone (`| head`) is no failure.
 * Output that cannot be written is: one line, and exit 2 unless there was a verdict. Without stderr nobody reads the line.
 */
export function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (lost !== null) return;
    lost = error;
    if (error.code === "EPIPE") return;
    process.stderr.write(`flowreplay: cannot write the output: ${error.message}\n`);
    process.on("exit", () => {
      if ((process.exitCode ?? EXIT.done) === EXIT.done) process.exitCode = EXIT.couldNotRun;
    });
  });
  process.stderr.on("error", () => {});
}

/** Writes the text at the pace of the reader; stops when there is none any more. */
export async function writeToStdout(pieces: Iterable<string> | AsyncIterable<string>): Promise<void> {
  for await (const piece of pieces) {
    if (lost !== null) return;
    if (process.stdout.write(piece)) continue;
    await new Promise<void>((resolve) => {
      process.stdout.once("drain", resolve);
      process.stdout.once("error", () => resolve());
      process.stdout.once("close", resolve);
    });
  }
}
