import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a whole process cost, start and end included. */
export interface Cost {
  readonly seconds: number;
  /** Of all threads, user and system. */
  readonly cpuSeconds: number;
  /** The most memory it held at a time. */
  readonly peakBytes: number;
}

export interface ProcessRun extends Cost {
  readonly stdout: string;
}

const MEASURED = fileURLToPath(new URL("./measured.js", import.meta.url));

/** Runs a script in a Node process of its own. Throws when it ends with another code than 0 or `alsoGood`. */
export async function runProcess(
  script: string,
  args: readonly string[],
  alsoGood = 0,
  environment: NodeJS.ProcessEnv = {},
): Promise<ProcessRun> {
  const started = performance.now();
  const child = spawn(process.execPath, [MEASURED, script, ...args], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const texts = ["", "", ""];
  for (const [at, stream] of [child.stdout, child.stderr, child.stdio[3]].entries()) {
    stream!.on("data", (chunk: Buffer) => (texts[at] += chunk.toString()));
  }
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal, seconds: secondsSince(started) }));
  await once(child, "close");
  const { code, signal, seconds } = await exited;
  const [stdout, stderr, cost] = texts;
  if (code !== 0 && code !== alsoGood) throw new Error(`${script} ended with ${code ?? signal}\n${stderr}`);
  return { ...(JSON.parse(cost) as Omit<Cost, "seconds">), seconds, stdout };
}

export function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
