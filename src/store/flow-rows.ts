import type { DuckDBConnection } from "@duckdb/node-api";
import {
  BATCH_ROWS,
  FAMILY_SHIFT,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TCP_FLAGS,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
  type FlowBatch,
} from "../decode/flow-batch.ts";
import { keepOctets, keepOthers, keepPorts } from "../decode/remove-rows.ts";
import { IPV4 } from "../net/address.ts";
import { createColumnAppender } from "./column-appender.ts";
import { type Column, columnOf, putUint64 } from "./columns.ts";
import { NO_FLAGS, WideRows } from "./wide-rows.ts";

const COMPLETE = HAS_PORTS | HAS_PROTOCOL | HAS_PACKETS | HAS_BYTES | HAS_TIMES;
const FAMILIES = (3 << FAMILY_SHIFT) | (3 << PKT_FAMILY_SHIFT);
const PLAIN = COMPLETE | (IPV4 << FAMILY_SHIFT);
const PLAIN_WITH_PACKET = PLAIN | (IPV4 << PKT_FAMILY_SHIFT);

/** Writes judged batches to `plain_records` and `flow_rows_wide` (see schema.ts for which record goes where). */
export interface FlowRowWriter {
  /** Uses up the batch and its judgements. */
  append(objectId: number, batch: FlowBatch, judgements: Uint32Array): void;
  flush(): void;
  /** Ends; what has not been flushed is not written. */
  discard(): void;
}

export function createFlowRowWriter(connection: DuckDBConnection): FlowRowWriter {
  const plain = createColumnAppender(connection, "plain_records", 14);
  const wide = createColumnAppender(connection, "flow_rows_wide", 20);
  const staged = createStaged();
  const wideRows = new WideRows();
  const exceptions = new Int32Array(BATCH_ROWS);

  return {
    append(objectId, batch, judgements) {
      const others = exceptions.subarray(0, findExceptions(batch, exceptions));
      if (others.length > 0) wide.append(wideRows.columns(objectId, batch, judgements, others), others.length);
      const rows = batch.rows - others.length;
      if (rows === 0) return;
      if (staged.objectId[0] !== objectId) staged.objectId.fill(objectId);
      stage(batch, others, staged);
      if (others.length > 0) closeGaps(batch, judgements, others);
      plain.append(plainColumns(batch, judgements, staged), rows);
    },
    flush() {
      plain.flush();
      wide.flush();
    },
    discard() {
      plain.discard();
      wide.discard();
    },
  };
}

/** Fields of `plain_records` that a batch does not have in their form. */
interface Staged {
  readonly objectId: Uint32Array;
  readonly duration: Uint32Array;
  readonly flags: Uint16Array;
  /** Two words a row. */
  readonly packets: Uint32Array;
  readonly bytes: Uint32Array;
}

function createStaged(): Staged {
  return {
    objectId: new Uint32Array(BATCH_ROWS),
    duration: new Uint32Array(BATCH_ROWS),
    flags: new Uint16Array(BATCH_ROWS),
    packets: new Uint32Array(BATCH_ROWS * 2),
    bytes: new Uint32Array(BATCH_ROWS * 2),
  };
}

/** Fills the staged columns from all rows of a batch but those of `gone`, which is ascending. */
function stage(batch: FlowBatch, gone: Int32Array, { duration, flags, packets, bytes }: Staged): void {
  const { rows, start, end, bits, tcpFlags } = batch;
  let to = 0;
  let next = 0;
  for (let row = 0; row < rows; row++) {
    if (next < gone.length && gone[next] === row) {
      next++;
      continue;
    }
    duration[to] = end[row] - start[row];
    flags[to] = bits[row] & HAS_TCP_FLAGS ? tcpFlags[row] : NO_FLAGS;
    putUint64(batch.packets[row], packets, to);
    putUint64(batch.bytes[row], bytes, to);
    to++;
  }
}

/** Removes the rows `gone` from the columns that are stored as they are. */
function closeGaps(batch: FlowBatch, judgements: Uint32Array, gone: Int32Array): void {
  const { rows, line, interfaceId, start, src, dst } = batch;
  for (const column of [line, interfaceId, start, src, dst, judgements]) keepOthers(column, rows, gone);
  for (const column of [batch.srcPort, batch.dstPort]) keepPorts(column, rows, gone);
  keepOctets(batch.protocol, rows, gone);
}

function plainColumns(batch: FlowBatch, judgements: Uint32Array, staged: Staged): Column[] {
  const { line, interfaceId, start, src, dst, srcPort, dstPort, protocol } = batch;
  const { objectId, duration, flags, packets, bytes } = staged;
  return [
    ...[objectId, line, interfaceId, start, duration, src, dst, srcPort, dstPort, protocol].map((one) => columnOf(one)),
    ...[packets, bytes].map((one) => columnOf(one, 2)),
    ...[flags, judgements].map((one) => columnOf(one)),
  ];
}

/** Writes the rows that are not plain to `out`, in order; returns how many. */
function findExceptions(batch: FlowBatch, out: Int32Array): number {
  let count = 0;
  for (let row = 0; row < batch.rows; row++) if (!isPlain(batch, row)) out[count++] = row;
  return count;
}

function isPlain(batch: FlowBatch, row: number): boolean {
  const bits = batch.bits[row] & (COMPLETE | FAMILIES);
  if (batch.end[row] < batch.start[row]) return false;
  if (bits === PLAIN) return true;
  return bits === PLAIN_WITH_PACKET && batch.pktSrc[row] === batch.src[row] && batch.pktDst[row] === batch.dst[row];
}
