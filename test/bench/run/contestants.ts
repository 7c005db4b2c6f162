import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";

import { checkEvidence, checksum, expectCounts } from "./check.ts";
import { type Cost, runProcess } from "./process.ts";
import { DATA_FOLDER, type Prepared } from "./scenario.ts";

/** What one run of a whole process gave, its answer already checked. */
export interface Run extends Cost {
  /** Of the database file it left; null for those that store nothing. */
  readonly storedBytes: number | null;
  readonly checksum?: string;
}

/** Something that reads all objects of a scenario, as a whole process. */
export interface Contestant {
  readonly name: string;
  run(prepared: Prepared): Promise<Run>;
}

/** The built command line. */
export const MAIN = fileURLToPath(new URL("../../../../dist/cli/main.js", import.meta.url));
const rival = (name: string): string => fileURLToPath(new URL(`../rivals/${name}.js`, import.meta.url));

export interface FlowreplayOptions {
  readonly workers?: number;
  readonly withChecksum?: boolean;
}

/** `flowreplay replay` as a user runs it, every record stored. */
export function flowreplay({ workers, withChecksum = false }: FlowreplayOptions = {}): Contestant {
  return {
    name: "flowreplay replay",
    run: (prepared) =>
      withDatabase("evidence", async (db) => {
        const args = ["replay", prepared.logs, "--model", prepared.model, "--db", db];
        const cost = await runProcess(MAIN, workers === undefined ? args : [...args, "--workers", String(workers)]);
        const storedBytes = statSync(db).size;
        await checkEvidence(db, prepared.truth);
        return { ...cost, storedBytes, checksum: withChecksum ? await checksum(db) : undefined };
      }),
  };
}

/** The same from S3: a server of its own process on the loopback interface, whose work the machine does besides. */
export const FROM_S3: Contestant = {
  name: "flowreplay replay s3://",
  async run(prepared) {
    const server = spawn(process.execPath, [rival("s3-server"), dirname(prepared.logs)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    try {
      const [address] = (await once(server.stdout, "data")) as [Buffer];
      return await withDatabase("s3", async (db) => {
        const environment = {
          AWS_ENDPOINT_URL: address.toString().trim(),
          AWS_ACCESS_KEY_ID: "bench",
          AWS_SECRET_ACCESS_KEY: "bench",
          AWS_REGION: "us-east-1",
        };
        const args = ["replay", `s3://bucket/${basename(prepared.logs)}`, "--model", prepared.model, "--db", db];
        const cost = await runProcess(MAIN, args, 0, environment);
        const storedBytes = statSync(db).size;
        await checkEvidence(db, prepared.truth);
        return { ...cost, storedBytes };
      });
    } finally {
      server.kill();
    }
  },
};

/** The same with nothing to replay: what the start and the model take. */
export const START: Contestant = {
  name: "flowreplay replay of an empty object",
  run: (prepared) =>
    withDatabase("start", async (db) => {
      const nothingToJudge = 3;
      const cost = await runProcess(
        MAIN,
        ["replay", prepared.empty, "--model", prepared.model, "--db", db],
        nothingToJudge,
      );
      return { ...cost, storedBytes: null };
    }),
};

export const DUCKDB: Contestant = {
  name: "DuckDB load",
  run: (prepared) =>
    withDatabase("duckdb", async (db) => {
      const cost = await runProcess(rival("duckdb"), [db, ...prepared.objects]);
      const storedBytes = statSync(db).size;
      const { records, accepted, rejected } = prepared.truth;
      expectCounts("DuckDB", await countRows(db), { records, accepted, rejected });
      return { ...cost, storedBytes };
    }),
};

export const GUNZIP: Contestant = {
  name: "gunzip alone",
  async run({ objects, truth }) {
    const { stdout, ...cost } = await runProcess(rival("gunzip"), objects);
    expectCounts("gunzip", JSON.parse(stdout), { bytes: truth.uncompressedBytes });
    return { ...cost, storedBytes: null };
  },
};

export const SPLIT: Contestant = {
  name: "split() reader, nothing stored",
  async run({ objects, truth: { records, accepted, rejected } }) {
    const { stdout, ...cost } = await runProcess(rival("split"), objects);
    const { bytes: _, ...counts } = JSON.parse(stdout);
    expectCounts("split()", counts, { records, accepted, rejected });
    return { ...cost, storedBytes: null };
  },
};

async function countRows(path: string): Promise<Record<string, number>> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `select count(*) as records, count_if(action = 'ACCEPT') as accepted, count_if(action = 'REJECT') as rejected from records`,
  );
  const [row] = reader.getRowObjects();
  connection.closeSync();
  instance.closeSync();
  return Object.fromEntries(Object.entries(row).map(([name, count]) => [name, Number(count)]));
}

/** A database file of its own for one run, gone afterwards. */
async function withDatabase<T>(name: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(DATA_FOLDER, `${name}.duckdb`);
  const remove = (): void => {
    for (const file of [path, `${path}.wal`]) rmSync(file, { force: true });
  };
  remove();
  try {
    return await use(path);
  } finally {
    remove();
  }
}
