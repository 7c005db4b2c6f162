import { existsSync, statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import type { DuckDBConnection, DuckDBInstance as Instance } from "@duckdb/node-api";
import { AppError } from "../errors.ts";
import { DuckDBInstance } from "./duckdb.ts";
import { inUseError } from "./duckdb-errors.ts";
import { SCHEMA_VERSION } from "./schema.ts";

const GIB = 1024 ** 3;

/** An open database and the connection that reads it. `close` ends all connections. */
export interface ReadOnlyFile {
  readonly connection: DuckDBConnection;
  /** One more connection, for a second result that is read at the same time. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/**
 * Opens an evidence file for reading. SQL that runs on it can neither write, nor reach files or the network, nor load
 * extensions, nor change these settings. Throws `E_STORE` when the file is missing, is no evidence file or has another
 * schema version, and `E_IN_USE` when a running replay has locked it.
 */
export async function openReadOnly(path: string): Promise<ReadOnlyFile> {
  if (!existsSync(path)) {
    throw new AppError("E_STORE", `no evidence file at ${path}`, {
      hint: "create it with `flowreplay replay <source> --db <file>`, or name another with --db",
    });
  }
  if (!statSync(path).isFile())
    throw new AppError("E_STORE", `${path} is not a file`, { hint: "--db takes a .duckdb file" });
  const instance = await openInstance(path);
  try {
    const connection = await instance.connect();
    await checkVersion(connection, path);
    await connection.run("set timezone = 'UTC'");
    // Errors then carry the exact position instead of a drawing of it (duckdb-errors.ts).
    await connection.run("set errors_as_json = true");
    await connection.run("set lock_configuration = true");
    const others: DuckDBConnection[] = [];
    return {
      connection,
      async connect() {
        const other = await instance.connect();
        others.push(other);
        return other;
      },
      close: () => {
        for (const other of others) other.closeSync();
        connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

async function openInstance(path: string): Promise<Instance> {
  try {
    return await DuckDBInstance.create(path, {
      access_mode: "READ_ONLY",
      enable_external_access: "false",
      autoload_known_extensions: "false",
      autoinstall_known_extensions: "false",
      allow_community_extensions: "false",
      memory_limit: `${memoryLimit()}B`,
      threads: String(availableParallelism()),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const inUse = inUseError(path, error, "a replay is writing to it: wait for it to end, or read a copy of the file");
    if (inUse) throw inUse;
    throw new AppError("E_STORE", `${path} cannot be opened as a DuckDB database: ${firstLine(reason)}`, {
      hint: "is it a file made by `flowreplay replay`?",
      cause: error,
    });
  }
}

/** Half of the machine's memory, between 512 MiB and 4 GiB: reports run beside other work. */
function memoryLimit(): number {
  return Math.floor(Math.min(4 * GIB, Math.max(GIB / 2, totalmem() / 2)));
}

async function checkVersion(connection: DuckDBConnection, path: string): Promise<void> {
  let version: unknown;
  try {
    const reader = await connection.runAndReadAll("select version, tool_version from main.schema_info");
    const [row] = reader.getRows();
    version = row?.[0];
  } catch (error) {
    throw new AppError("E_STORE", `${path} is a DuckDB database, but not an evidence file`, {
      hint: "evidence files are made by `flowreplay replay`",
      cause: error,
    });
  }
  if (version !== SCHEMA_VERSION) {
    throw new AppError(
      "E_STORE",
      `${path} has evidence schema ${String(version)}, this version reads ${SCHEMA_VERSION}`,
      {
        hint: "replay the logs into a new file, or use the flowreplay version that wrote this one",
      },
    );
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0].trim();
}
