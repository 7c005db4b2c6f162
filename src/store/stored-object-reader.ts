import type { DuckDBConnection } from "@duckdb/node-api";
import { badLineText, createRowWriter, type DecodeSink, type DecodeTotals } from "../decode/decoder.ts";
import { reserveAddress6 } from "../decode/dense/scan-field.ts";
import type { Dictionaries } from "../decode/dense/scan.ts";
import {
  ACTION_ACCEPT,
  ACTION_REJECT,
  BATCH_ROWS,
  DIRECTION_SHIFT,
  FAMILY_SHIFT,
  type FlowBatch,
  HAS_TCP_FLAGS,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
  REASON_BPA,
  REASON_EC,
  REASON_OTHER,
  REJECT_REASON_SHIFT,
  STATUS_NODATA,
  STATUS_OK,
  STATUS_SHIFT,
  STATUS_SKIPDATA,
} from "../decode/flow-batch.ts";
import { FURTHER_FIELDS, writeFurther } from "../decode/further-fields.ts";
import { timeFault } from "../decode/times.ts";
import { AppError } from "../errors.ts";
import { IPV6 } from "../net/address.ts";
import { FLOW_DIRECTION_SHIFT, NO_TCP_FLAGS } from "./schema.ts";
import { type FlowChunk, scanFlows } from "./stored-flows.ts";
import { damaged, openSourceFile } from "./stored-objects.ts";

export interface RecordSink extends DecodeSink {
  /** Awaited between batches: resolves when the consumer wants more. */
  ready?(): Promise<void>;
}

export interface StoredTotals extends Omit<DecodeTotals, "lines"> {
  /** Records that were duplicates when the object was first read; they are in `records`, and not among the rows. */
  readonly duplicates: number;
}

/** Reads the records of an evidence file, object by object. */
export interface StoredObjectReader {
  /** Hands over the records of an object as its log had them, in the order of their lines. */
  read(objectId: number, sink: RecordSink): Promise<StoredTotals>;
  close(): void;
}

/** Names in records: the bytes that the decoder of logs takes (decode/record.ts). */
const NAME = /^[A-Za-z0-9+\-./:_]{1,64}$/;
const REASON = /^[a-z0-9_]{1,40}$/;

/** The raw fields of records that stand in their judgements. */
interface JudgedFields {
  /** Action, log status and reject reason, as the bits of a row. */
  readonly bits: Uint32Array;
  readonly accounts: readonly string[];
}

/** Opens an evidence file whose records get their numbers from `names`. Throws as `openSourceFile` does. */
export async function openStoredObjects(path: string, names: Dictionaries): Promise<StoredObjectReader> {
  const file = await openSourceFile(path);
  try {
    const connection = await file.connect();
    const others = await file.connect();
    const interfaces = await readInterfaces(connection, path);
    const judged = await readJudgedFields(connection, path);
    const further = await readFurtherSets(connection);
    const open = { path, connection, others, copy: createRowCopier(path, names, interfaces, judged, further) };
    return { read: (objectId, sink) => readObject(open, objectId, sink), close: file.close };
  } catch (error) {
    file.close();
    throw error instanceof AppError ? error : damaged(path, "cannot be read", error);
  }
}

interface OpenFile {
  readonly path: string;
  readonly connection: DuckDBConnection;
  /** For a second scan at the same time. */
  readonly others: DuckDBConnection;
  readonly copy: ReturnType<typeof createRowCopier>;
}

async function readInterfaces(connection: DuckDBConnection, path: string): Promise<string[]> {
  const sql = "select interface_idx, interface_id from evidence.main.interface_dim order by interface_idx";
  const rows = (await connection.runAndReadAll(sql)).getRows();
  return rows.map(([idx, id], at) => {
    if (Number(idx) !== at) throw damaged(path, `has no interface ${at}`);
    return String(id);
  });
}

async function readJudgedFields(connection: DuckDBConnection, path: string): Promise<JudgedFields> {
  const sql = `select judgement_id, account_id, action, log_status, reject_reason
    from evidence.main.judgements order by judgement_id`;
  const rows = (await connection.runAndReadAll(sql)).getRows();
  const bits = new Uint32Array(rows.length);
  const accounts = rows.map(([id, account, action, status, reason], at) => {
    if (Number(id) !== at) throw damaged(path, `has no judgement ${at}`);
    const actionBits = action === "ACCEPT" ? ACTION_ACCEPT : action === "REJECT" ? ACTION_REJECT : 0;
    const statusBits = status === "NODATA" ? STATUS_NODATA : status === "SKIPDATA" ? STATUS_SKIPDATA : STATUS_OK;
    const reasonBits = reason === null ? 0 : reason === "BPA" ? REASON_BPA : reason === "EC" ? REASON_EC : REASON_OTHER;
    bits[at] = actionBits | (statusBits << STATUS_SHIFT) | (reasonBits << REJECT_REASON_SHIFT);
    return account === null ? "-" : String(account);
  });
  return { bits, accounts };
}

/** The sets of further fields by their numbers, as the decoder writes them. */
async function readFurtherSets(connection: DuckDBConnection): Promise<Map<number, string>> {
  const columns = FURTHER_FIELDS.map((name) => name.replaceAll("-", "_")).join(", ");
  const sql = `select further_id, ${columns} from evidence.main.further_fields`;
  const sets = new Map<number, string>();
  for await (const rows of (await connection.stream(sql)).yieldRows()) {
    for (const [id, ...values] of rows) {
      sets.set(
        Number(id),
        writeFurther(
          FURTHER_FIELDS,
          values.map((value) => (value === null ? "-" : String(value))),
        ),
      );
    }
  }
  return sets;
}

async function readObject(open: OpenFile, objectId: number, sink: RecordSink): Promise<StoredTotals> {
  const { connection, others, copy } = open;
  const rows = createRowWriter(sink);
  const where = `object_id = ${objectId}`;
  // Both hold their rows in the order of the lines.
  const plain = await cursorOf(open.path, scanFlows(connection, "flow_rows", where));
  const wide = await cursorOf(open.path, scanFlows(others, "flow_rows_wide", where));
  for (;;) {
    const [from, other] = plain.line() <= wide.line() ? [plain, wide] : [wide, plain];
    if (from.chunk === null) break;
    const count = Math.min(from.rowsUpTo(other.line()), BATCH_ROWS - rows.batch.rows);
    copy(from.chunk, from.row, count, rows.batch);
    if (rows.advance(count)) await sink.ready?.();
    await from.advance(count);
  }
  rows.flush();
  const badLines = await readBadLines(open, objectId, sink);
  const sql = `select least(coalesce(sum(duplicates), 0), ${Number.MAX_SAFE_INTEGER})::double from evidence.main.objects where object_id = ${objectId}`;
  const duplicates = Number((await connection.runAndReadAll(sql)).getRows()[0][0]);
  return { records: rows.written + duplicates, badLines, duplicates };
}

/** A place in the rows of a scan. */
interface Cursor {
  /** Null at the end. */
  readonly chunk: FlowChunk | null;
  readonly row: number;
  /** Line of the row; Infinity at the end. */
  line(): number;
  /** How many rows of the chunk from here on are of lines up to this one; one at least. */
  rowsUpTo(line: number): number;
  advance(rows: number): Promise<void>;
}

async function cursorOf(path: string, chunks: AsyncGenerator<FlowChunk>): Promise<Cursor> {
  const next = async (): Promise<FlowChunk | null> => {
    const { value, done } = await chunks.next().catch((error: unknown) => {
      throw damaged(path, "holds records that cannot be read", error);
    });
    return done ? null : value;
  };
  let chunk = await next();
  let row = 0;
  return {
    get chunk() {
      return chunk;
    },
    get row() {
      return row;
    },
    line: () => (chunk === null ? Infinity : chunk.batch.line[row]),
    rowsUpTo(line) {
      const { batch } = chunk!;
      let end = row + 1;
      while (end < batch.rows && batch.line[end] <= line) end++;
      return end - row;
    },
    async advance(rows) {
      row += rows;
      if (row < chunk!.batch.rows) return;
      chunk = await next();
      row = 0;
    },
  };
}

/** Copies rows of a scan behind the rows of a batch, in the numbers of the target's dictionaries. */
function createRowCopier(
  path: string,
  names: Dictionaries,
  interfaces: readonly string[],
  judged: JudgedFields,
  further: ReadonlyMap<number, string>,
) {
  const furtherNumbers = new Map<number, number>([[0, 0]]);
  const furtherNumber = (stored: number): number => {
    let number = furtherNumbers.get(stored);
    if (number === undefined) {
      const text = further.get(stored);
      if (text === undefined) throw damaged(path, `has no set of fields ${stored}`);
      number = names.further.sets.idOf(text);
      furtherNumbers.set(stored, number);
    }
    return number;
  };
  const interfaceNumbers = new Int32Array(interfaces.length).fill(-1);
  const accountNumbers = new Int32Array(judged.accounts.length).fill(-1);
  const numberOf = (dictionary: Dictionaries["interfaces"], name: string | undefined): number => {
    if (name === undefined || !NAME.test(name))
      throw damaged(path, `holds a record of ${JSON.stringify(name ?? null)}`);
    return dictionary.idOf(name);
  };
  return ({ batch: from, judgement, flags }: FlowChunk, first: number, count: number, to: FlowBatch): void => {
    const at = to.rows;
    const end = first + count;
    to.line.set(from.line.subarray(first, end), at);
    for (const [index, column] of to.addresses.entries()) column.set(from.addresses[index].subarray(first, end), at);
    for (const [index, column] of to.times.entries()) column.set(from.times[index].subarray(first, end), at);
    for (const [index, column] of to.ports.entries()) column.set(from.ports[index].subarray(first, end), at);
    for (const [index, column] of to.counts.entries()) column.set(from.counts[index].subarray(first, end), at);
    to.protocol.set(from.protocol.subarray(first, end), at);
    for (let row = first, out = at; row < end; row++, out++) {
      const eni = from.interfaceId[row];
      const own = judgement[row];
      if (!(interfaceNumbers[eni] >= 0)) interfaceNumbers[eni] = numberOf(names.interfaces, interfaces[eni]);
      if (!(accountNumbers[own] >= 0)) accountNumbers[own] = numberOf(names.accounts, judged.accounts[own]);
      to.further[out] = from.further[row] === 0 ? 0 : furtherNumber(from.further[row]);
      to.interfaceId[out] = interfaceNumbers[eni];
      to.accountId[out] = accountNumbers[own];
      const stored = flags[row];
      const direction = (stored >>> FLOW_DIRECTION_SHIFT) % 3;
      let bits = from.bits[row] | judged.bits[own] | (direction << DIRECTION_SHIFT);
      const fault = bits & HAS_TIMES ? timeFault(from.start[row], from.end[row]) : null;
      if (fault !== null) throw damaged(path, `holds a record of an impossible time (${fault})`);
      if ((stored & NO_TCP_FLAGS) === 0) bits |= HAS_TCP_FLAGS;
      to.tcpFlags[out] = stored & NO_TCP_FLAGS ? 0 : stored & 255;
      to.bits[out] = bits;
      if (((bits >>> FAMILY_SHIFT) & 3) === IPV6) for (const side of [0, 1]) copyAddress6(from, row, to, out, side);
      if (((bits >>> PKT_FAMILY_SHIFT) & 3) === IPV6) for (const side of [2, 3]) copyAddress6(from, row, to, out, side);
    }
  };
}

function copyAddress6(from: FlowBatch, row: number, to: FlowBatch, out: number, side: number): void {
  const source = from.addresses[side][row];
  const index = reserveAddress6(to);
  to.addr6.set(from.addr6.subarray(source, source + 4), index);
  to.addr6Length = index + 4;
  to.addresses[side][out] = index;
}

async function readBadLines({ path, connection }: OpenFile, objectId: number, sink: RecordSink): Promise<number> {
  const sql = `select coalesce(line, 0), reason, text, field, value
    from evidence.main.bad_line_rows where object_id = ${objectId}`;
  let count = 0;
  for await (const rows of (await connection.stream(sql)).yieldRows()) {
    for (const [line, reason, text, field, value] of rows) {
      if (!REASON.test(String(reason))) throw damaged(path, "has a bad line without a reason");
      const safe = (content: unknown): string => {
        const bytes = Buffer.from(String(content ?? ""));
        return badLineText(bytes, 0, bytes.length);
      };
      const place = field === null ? {} : { field: safe(field), value: safe(value) };
      sink.badLine({ line: Number(line), reason: String(reason), text: safe(text), ...place });
      count++;
    }
  }
  return count;
}
