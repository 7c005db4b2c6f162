import {
  closeSync,
  existsSync,
  fdatasyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { AppError } from "../errors.ts";
import { DuckDBInstance } from "./duckdb.ts";
import { inUseError, writeError } from "./duckdb-errors.ts";
import { SCHEMA_VERSION, TABLES } from "./schema.ts";
import { readViews } from "./views.ts";

/** An evidence file that may be written, and the one connection that does. */
export interface WritableFile {
  readonly path: string;
  readonly connection: DuckDBConnection;
  /** One more connection, for queries. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
  /** Closes the file with nothing written, and removes it if this opening made it and no other run has used it since. */
  abandon(): Promise<void>;
}

/** Opens an evidence file to write to it; makes it when there is none. Throws `E_STORE` or `E_IN_USE`. */
export async function openForWriting(path: string): Promise<WritableFile> {
  const made = !existsSync(path) && (await createFile(path));
  const { connection, another, close } = await connect(path, path);
  try {
    await requireSchema(connection, path);
    removeAbandoned(path);
    const abandon = async (): Promise<void> => {
      // Another run may have come and gone between making and opening; while it is open none can.
      if (made && (await isUnused(connection))) rmSync(path, { force: true });
      close();
    };
    return { path, connection, connect: another, close, abandon };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Lets DuckDB use less memory while rows are appended, and more for a commit or queries. DuckDB keeps written blocks in memory
 * as long as there is room, though a replay does not read them again; a lower limit gives that memory back.
 */
export async function allowMemory(connection: DuckDBConnection, limit: keyof typeof MEMORY): Promise<void> {
  await connection.run(`set memory_limit = '${MEMORY[limit]}'`);
}

/** Lets DuckDB use every core: for queries, and for the checkpoint at the end. */
export async function useAllCores(connection: DuckDBConnection): Promise<void> {
  await connection.run(`set threads = ${availableParallelism()}`);
}

const MEMORY = { full: "320MB", appending: "160MB" };

interface Connected {
  readonly connection: DuckDBConnection;
  another(): Promise<DuckDBConnection>;
  close(): void;
}

async function connect(file: string, shown: string): Promise<Connected> {
  try {
    const instance = await DuckDBInstance.create(file, {
      // The thread that appends also packs: DuckDB's other threads would spin while they wait.
      threads: "1",
      // A row group is packed and written when it is full, not five at once: that leaves little to do for the last commit.
      write_buffer_row_group_count: "1",
      memory_limit: MEMORY.full,
      // A checkpoint with every commit: what was replaced (the connection tracker) stays in memory and in the file until then.
      checkpoint_threshold: "1KB",
      allocator_flush_threshold: "4GB",
      // The file may come from anyone: its views must reach nothing outside it.
      enable_external_access: "false",
      autoload_known_extensions: "false",
      autoinstall_known_extensions: "false",
    });
    const connections: DuckDBConnection[] = [];
    const another = async (): Promise<DuckDBConnection> => {
      const connection = await instance.connect();
      connections.push(connection);
      await connection.run("set timezone = 'UTC'");
      return connection;
    };
    return {
      connection: await another(),
      another,
      close: () => {
        for (const connection of connections) connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    throw openError(shown, error);
  }
}

/**
 * An empty evidence file, made by the build (build/make-empty.ts). To make one takes 0.1 s, mostly for planning the views, and
 * the first record would wait for it.
 */
export const EMPTY_FILE = new URL("../store/empty.duckdb", import.meta.url);

async function isUnused(connection: DuckDBConnection): Promise<boolean> {
  return (await connection.runAndReadAll("select 1 from runs limit 1")).getRows().length === 0;
}

/**
 * Makes an empty evidence file under another name, then gives it its own: a run that is killed leaves no half-made file.
 * Returns false if another run was first.
 */
async function createFile(path: string): Promise<boolean> {
  const unfinished = unfinishedName(path);
  try {
    if (existsSync(EMPTY_FILE)) copyEmpty(unfinished, path);
    else await makeEmpty(unfinished, path);
    return publish(unfinished, path);
  } catch (error) {
    throw writeError(path, error);
  } finally {
    rmSync(unfinished, { force: true });
    rmSync(`${unfinished}.wal`, { force: true });
  }
}

/** Makes an evidence file without any data; `shown` is the name that errors use. */
export async function makeEmpty(file: string, shown: string): Promise<void> {
  const { connection, close } = await connect(file, shown);
  try {
    await createSchema(connection);
    await connection.run("checkpoint");
  } finally {
    close();
  }
}

function copyEmpty(file: string, shown: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(file, "w");
    writeFileSync(handle, readFileSync(EMPTY_FILE));
    // What is committed later is safe only on top of this.
    fdatasyncSync(handle);
  } catch (error) {
    const known = writeError(shown, error);
    throw known instanceof AppError ? known : openError(shown, error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Gives the file its name unless another run was first: a rename would replace the file that run is writing to. */
function publish(unfinished: string, path: string): boolean {
  try {
    linkSync(unfinished, path);
  } catch (error) {
    // Another run was first, and may have tidied up already.
    if ((error as NodeJS.ErrnoException).code === "EEXIST" || existsSync(path)) return false;
    // A file system without hard links.
    renameSync(unfinished, path);
  }
  return true;
}

/** The name of a file that is being made. The next run removes what a killed run leaves there. */
export function unfinishedName(path: string): string {
  return `${path}.${process.pid}.new`;
}

/** Removes the unfinished files of runs that were killed. */
function removeAbandoned(path: string): void {
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.new(\.wal|\.tmp)?$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid)))
      rmSync(join(dirname(path), name), { force: true, recursive: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Makes the tables and views in the connection's current database. */
export async function createSchema(connection: DuckDBConnection): Promise<void> {
  await connection.run("begin");
  await connection.run(TABLES);
  await connection.run(readViews());
  await connection.run(`insert into schema_info values (${SCHEMA_VERSION}, null)`);
  await connection.run("commit");
}

async function requireSchema(connection: DuckDBConnection, path: string): Promise<void> {
  const found = await connection
    .runAndReadAll("select version from main.schema_info")
    .then((reader) => reader.getRows()[0]?.[0])
    .catch(() => undefined);
  if (found === SCHEMA_VERSION) return;
  const what =
    found === undefined
      ? "is not an evidence file"
      : `has evidence schema ${String(found)}, this version writes ${SCHEMA_VERSION}`;
  throw new AppError("E_STORE", `${path} ${what}`, { hint: "name another file with --db" });
}

function openError(path: string, error: unknown): AppError {
  const reason = (error instanceof Error ? error.message.split("\n", 1)[0] : String(error))
    .replace(`${path}.${process.pid}.new`, path)
    .replace(/^E[A-Z]+: (.*), open '.*'$/, "$1");
  const inUse = inUseError(path, error, "wait for the other replay to end, or write to another file with --db");
  if (inUse) return inUse;
  return new AppError("E_STORE", `cannot write ${path}: ${reason}`, {
    hint: "check that its folder exists, has room, and that the file was made by flowreplay",
    cause: error,
  });
}
