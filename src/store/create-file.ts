import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { AppError } from "../errors.ts";
import { SCHEMA_VERSION, TABLES, VIEWS } from "./schema.ts";
import { USAGE_VIEWS } from "./usage-views.ts";

/** A connection to an evidence file that may be written; made when there is none. Throws `E_STORE`. */
export async function openForWriting(path: string): Promise<{ connection: DuckDBConnection; close(): void }> {
  if (!existsSync(path)) await createFile(path);
  const { connection, close } = await connect(path, path);
  try {
    await requireSchema(connection, path);
    // One checkpoint at the end writes less than many on the way.
    await connection.run("set checkpoint_threshold = '16GB'");
    return { connection, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function connect(file: string, shown: string): Promise<{ connection: DuckDBConnection; close(): void }> {
  try {
    const instance = await DuckDBInstance.create(file, {
      threads: String(availableParallelism()),
      memory_limit: "512MB",
      autoload_known_extensions: "false",
      autoinstall_known_extensions: "false",
    });
    const connection = await instance.connect();
    await connection.run("set timezone = 'UTC'");
    return {
      connection,
      close: () => {
        connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    throw openError(shown, error);
  }
}

/** Makes an empty evidence file beside its place and moves it there: a run that is killed leaves no half-made file. */
async function createFile(path: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`;
  try {
    const { connection, close } = await connect(unfinished, path);
    try {
      await createSchema(connection);
      await connection.run("checkpoint");
    } finally {
      close();
    }
    publish(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
    rmSync(`${unfinished}.wal`, { force: true });
  }
}

/** Gives the file its name unless another run was first: a rename would replace the file that run is writing to. */
function publish(unfinished: string, path: string): void {
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    // A file system without hard links.
    if (!existsSync(path)) renameSync(unfinished, path);
  }
}

async function createSchema(connection: DuckDBConnection): Promise<void> {
  await connection.run("begin");
  await connection.run(TABLES);
  await connection.run(VIEWS + USAGE_VIEWS);
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
      ? "is a database, but not an evidence file"
      : `has evidence schema ${String(found)}, this version writes ${SCHEMA_VERSION}`;
  throw new AppError("E_STORE", `${path} ${what}`, { hint: "name another file with --db" });
}

function openError(path: string, error: unknown): AppError {
  const reason = (error instanceof Error ? error.message.split("\n", 1)[0] : String(error)).replace(
    `${path}.${process.pid}.new`,
    path,
  );
  if (/lock/i.test(reason)) {
    return new AppError("E_STORE", `${path} is in use by another process`, {
      hint: "wait for the other replay to end, or write to another file with --db",
      cause: error,
    });
  }
  return new AppError("E_STORE", `cannot write ${path}: ${reason}`, {
    hint: "check that its folder exists, has room, and that the file was made by flowreplay",
    cause: error,
  });
}
