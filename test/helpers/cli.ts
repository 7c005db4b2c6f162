import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface CliRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds after which it is killed, and the call throws. */
  readonly timeout?: number;
}

/**
 * Runs the built command line (`npm run build` first; `npm test` does), and waits: nothing else in this process runs
 * meanwhile.
 */
export function flowreplay(args: readonly string[], options: RunOptions = {}): CliRun {
  const { stdout, stderr, status, error } = spawnSync(process.execPath, [MAIN, ...args], {
    ...options,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: "1" },
  });
  if (error !== undefined) throw error;
  return { stdout, stderr, code: status };
}

/** The same without waiting: for tests whose server runs in this process. */
export function startFlowreplay(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CliRun> {
  const options = { env: { ...process.env, NO_COLOR: "1", ...env }, maxBuffer: 1 << 26 };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) =>
      resolve({ stdout, stderr, code: error === null ? 0 : typeof error.code === "number" ? error.code : null }),
    );
  });
}
