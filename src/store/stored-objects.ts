import type { DuckDBConnection, DuckDBInstance as Instance } from "@duckdb/node-api";
import { AppError } from "../errors.ts";
import { DuckDBInstance, quotedString } from "./duckdb.ts";
import { inUseError } from "./duckdb-errors.ts";
import { NO_TCP_FLAGS, SCHEMA_VERSION, TABLES } from "./schema.ts";

/** An evidence file as a source of records: its tables by the tool's own definitions. */
export interface SourceFile {
  readonly path: string;
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/** An object in the ledger of an evidence file. Times are Unix seconds; null where there are none. */
export interface StoredObject {
  readonly objectId: number;
  readonly name: string;
  readonly etag: string | null;
  readonly size: number | null;
  /** The time in its name. */
  readonly time: number | null;
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

export interface StoredObjects {
  /** In the order of the ledger, without those that `--no-flows` kept sums of. */
  readonly objects: readonly StoredObject[];
  /** Objects of which only sums were kept. */
  readonly withoutRows: number;
  /** Records that `prune` removed. */
  readonly pruned: number;
}

const LAST = 4_294_967_295;

/** Columns of records without nulls and numbers that no record has. `absent` stands for an absent field. */
function recordColumns(of: string, absent: 0 | null): string {
  const or = (name: string, value: number | null): string =>
    value === null ? `${of}${name} as ${name}` : `coalesce(${of}${name}, ${value}) as ${name}`;
  // A null is never the greater one, and stays.
  const count = (name: string): string =>
    `case when ${of}${name} > ${Number.MAX_SAFE_INTEGER} then ${Number.MAX_SAFE_INTEGER}::ubigint else ${of}${name} end`;
  return [
    `${of}object_id as object_id`,
    or("line", 0),
    or("interface_idx", LAST),
    or("start_s", absent),
    `least(coalesce(${of}duration, 0), ${LAST} - coalesce(${of}start_s, 0))::uinteger as duration`,
    ...["src", "dst", "srcport", "dstport", "protocol"].map((name) => or(name, absent)),
    ...["packets", "bytes"].map((name) =>
      absent === null ? `${count(name)} as ${name}` : `coalesce(${count(name)}, ${absent}) as ${name}`,
    ),
    or("tcp_flags", NO_TCP_FLAGS),
    or("judgement_id", LAST),
  ].join(", ");
}

/** What scans read (stored-flows.ts), over the tables of the file. No view or macro of the file is ever used. */
const VIEWS = /* sql */ `
create view flow_rows as
  select ${recordColumns("record.", 0)}, 0::uinteger as further_id from evidence.main.plain_records
  union all
  select ${recordColumns("record.", 0)}, record.further_id from evidence.main.plain_records_further;
create view flow_rows_wide as select ${recordColumns("", null)},
    case when src is null then src6 end as src6, dst6, pkt_src, pkt_dst,
    case when pkt_src is null then pkt_src6 end as pkt_src6, pkt_dst6, further_id
  from evidence.main.flow_rows_wide;
`;

const READ_TABLES = [
  "runs",
  "run_models",
  "objects",
  "interface_dim",
  "judgements",
  "plain_records",
  "plain_records_further",
  "further_fields",
  "flow_rows_wide",
  "bad_line_rows",
  "prunes",
];

/**
 * Opens an evidence file to read its records. It is attached to an empty database, so that names in SQL never mean anything
 * of the file but the tables that are checked here. Throws `E_STORE` if it is no evidence file or has another schema, and
 * `E_IN_USE` if a replay is writing to it.
 */
export async function openSourceFile(path: string): Promise<SourceFile> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: "512MB",
    temp_directory: "",
    autoload_known_extensions: "false",
    autoinstall_known_extensions: "false",
    allow_community_extensions: "false",
  });
  try {
    const connection = await instance.connect();
    await attach(connection, path);
    await connection.run("set enable_external_access = false");
    await checkTables(connection, path);
    await connection.run(VIEWS);
    await connection.run("set lock_configuration = true");
    connection.closeSync();
    return withConnections(instance, path);
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

function withConnections(instance: Instance, path: string): SourceFile {
  const connections: DuckDBConnection[] = [];
  return {
    path,
    async connect() {
      const connection = await instance.connect();
      connections.push(connection);
      return connection;
    },
    close() {
      for (const connection of connections) connection.closeSync();
      instance.closeSync();
    },
  };
}

async function attach(connection: DuckDBConnection, path: string): Promise<void> {
  try {
    await connection.run(`attach ${quotedString(path)} as evidence (type duckdb, read_only)`);
  } catch (error) {
    const inUse = inUseError(path, error, "a replay is writing to it: wait for it to end, or read a copy of the file");
    throw inUse ?? damaged(path, "cannot be opened", error);
  }
}

/** The tables must be tables with the columns of this version: neither views nor anything else under their names. */
async function checkTables(connection: DuckDBConnection, path: string): Promise<void> {
  const rows = async (sql: string): Promise<string[]> =>
    (await connection.runAndReadAll(sql)).getRows().map((row) => row.join(" "));
  const sql = "select table_name from duckdb_tables() where database_name = 'evidence' and schema_name = 'main'";
  const tables = new Set(await rows(sql));
  if (!tables.has("schema_info")) {
    throw new AppError("E_STORE", `${path} is a DuckDB database, but not an evidence file`, {
      hint: "evidence files are made by `flowreplay replay`",
    });
  }
  const [version] = await rows("select version from evidence.main.schema_info limit 1");
  if (version !== String(SCHEMA_VERSION)) {
    throw new AppError("E_STORE", `${path} has evidence schema ${version}, this version reads ${SCHEMA_VERSION}`, {
      hint: "replay the logs into a new file, or use the flowreplay version that wrote this one",
    });
  }
  await connection.run(`create schema expected; set schema = 'expected'; ${TABLES}; set schema = 'main'`);
  const columns = (table: string): Promise<string[]> =>
    rows(`select column_name, column_type from (describe select * from ${table})`);
  for (const table of READ_TABLES) {
    const expected = await columns(`expected.${table}`);
    const found = tables.has(table) ? await columns(`evidence.main.${table}`) : [];
    if (String(found) !== String(expected)) throw damaged(path, `has another table ${table} than this version writes`);
  }
}

/** Says that a file holds what no replay writes. */
export function damaged(path: string, what: string, cause?: unknown): AppError {
  return new AppError("E_STORE", `${path} ${what}`, {
    hint: "it is damaged, or was not made by `flowreplay replay`: replay the logs",
    cause,
  });
}

/** An evidence file that no run can write to until it is closed. */
export interface HeldEvidence extends StoredObjects {
  /** Some run had a model. */
  readonly hasModel: boolean;
  close(): void;
}

/** Keeps writers out of an evidence file. Throws as `openSourceFile` does. */
export async function holdEvidence(path: string): Promise<HeldEvidence> {
  const file = await openSourceFile(path);
  try {
    const stored = await readObjects(file);
    const models = await (await file.connect()).runAndReadAll("select 1 from evidence.main.run_models limit 1");
    return { ...stored, hasModel: models.currentRowCount > 0, close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Lists what an evidence file can give as a source. Throws as `openSourceFile` does. */
export async function listStoredObjects(path: string): Promise<StoredObjects> {
  const file = await openSourceFile(path);
  try {
    return await readObjects(file);
  } finally {
    file.close();
  }
}

async function readObjects({ path, connect }: SourceFile): Promise<StoredObjects> {
  try {
    const connection = await connect();
    const rows = async (sql: string): Promise<readonly (readonly unknown[])[]> =>
      (await connection.runAndReadAll(sql)).getRows();
    const listed = await rows(`
      select o.object_id, o.source_object, o.etag, o.size::double, epoch(o.object_time), epoch(o.first_time),
        epoch(o.last_time), coalesce(r.arguments like '%"keepFlows":false%', false)
      from evidence.main.objects o left join evidence.main.runs r using (run_id)
      order by o.object_id`);
    const [[pruned]] = await rows("select coalesce(sum(records), 0)::double from evidence.main.prunes");
    // Infinite times and sizes beyond all bounds exist in DuckDB, and nowhere else.
    const number = (value: unknown, most: number): number | null =>
      value === null || !(Number(value) >= 0 && Number(value) <= most) ? null : Number(value);
    const objects = listed
      .filter((row) => row[7] !== true)
      .map(([id, name, etag, size, time, first, last]) => ({
        objectId: Number(id),
        name: String(name),
        etag: etag === null ? null : String(etag),
        size: number(size, Number.MAX_SAFE_INTEGER),
        time: number(time, LAST),
        firstTime: number(first, LAST),
        lastTime: number(last, LAST),
      }));
    return { objects, withoutRows: listed.length - objects.length, pruned: Number(pruned) };
  } catch (error) {
    throw error instanceof AppError ? error : damaged(path, "cannot be read", error);
  }
}
