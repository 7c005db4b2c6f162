import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./documents.ts";
import { announceSkipOutsideCi } from "./skip.ts";

const requirements = join(ROOT, "test/integration/requirements.txt");
const venv = join(ROOT, ".venv");
const python = join(venv, "bin/python");

export interface Moto {
  readonly url: string;
  /** Forgets everything that was created. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A server that speaks S3, CloudWatch Logs and EC2 on the loopback interface, from a virtual environment of the
 * project's own with pinned versions. Null, said loudly, where Python or the package index is missing; an error in CI.
 */
export async function startMoto(): Promise<Moto | null> {
  try {
    await install();
  } catch (error) {
    if (process.env.FLOWREPLAY_REQUIRE_MOTO === "1") throw error;
    const [why] = String(error).split("\n", 1);
    announceSkipOutsideCi("the AWS integration tests", `moto needs python3 and PyPI (${why})`, error);
    return null;
  }
  const server = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const url = await announced(server);
  server.stderr!.resume();
  return {
    url,
    reset: async () => void (await fetch(`${url}/moto-api/reset`, { method: "POST" })),
    stop: async () => {
      const gone = new Promise((resolve) => server.once("exit", resolve));
      server.kill();
      await gone;
    },
  };
}

/** For the SDK in tests: nothing of the developer's own account can be reached. */
export const testEnvironment = {
  AWS_ACCESS_KEY_ID: "testing",
  AWS_SECRET_ACCESS_KEY: "testing",
  AWS_REGION: "us-east-1",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  // As the command line does.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
};

function announced(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.once("exit", (code) => reject(new Error(`moto ended with ${code}: ${said}`)));
    server.stderr!.on("data", (chunk: Buffer) => {
      said += String(chunk);
      const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
  });
}

/** Test files run in processes of their own: the first one installs, the others wait for it. */
async function install(): Promise<void> {
  const wanted = readFileSync(requirements, "utf8");
  const marker = join(venv, "installed");
  const lock = join(venv, "lock");
  const done = (): boolean => existsSync(marker) && readFileSync(marker, "utf8") === wanted;
  mkdirSync(venv, { recursive: true });
  for (let waited = 0; !done(); waited++) {
    try {
      mkdirSync(lock);
    } catch {
      if (waited > 5 && !isHeld(lock)) rmSync(lock, { recursive: true, force: true });
      await sleep(1000);
      continue;
    }
    try {
      writeFileSync(join(lock, "pid"), String(process.pid));
      execFileSync("python3", ["-m", "venv", venv], { stdio: "pipe" });
      const quickly = ["--quiet", "--disable-pip-version-check", "--retries", "2", "--timeout", "15"];
      execFileSync(python, ["-m", "pip", "install", ...quickly, "-r", requirements], { stdio: "pipe" });
      writeFileSync(marker, wanted);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

/** Whether the process that took the lock is still there, however long a slow machine lets it take. */
function isHeld(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(join(lock, "pid"), "utf8")), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
