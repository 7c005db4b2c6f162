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
import { keepOthers, removeRows } from "../decode/remove-rows.ts";
import { IPV4 } from "../net/address.ts";
import { createColumnAppender } from "./column-appender.ts";
import { type Column, createValidity, markValid, toUint64 } from "./columns.ts";

/** Value of `tcp_flags` in the tables for a record without that field. */
const NO_FLAGS = 256;

const COMPLETE = HAS_PORTS | HAS_PROTOCOL | HAS_PACKETS | HAS_BYTES | HAS_TIMES;
const FAMILIES = (3 << FAMILY_SHIFT) | (3 << PKT_FAMILY_SHIFT);
const PLAIN = COMPLETE | (IPV4 << FAMILY_SHIFT);
const PLAIN_WITH_PACKET = PLAIN | (IPV4 << PKT_FAMILY_SHIFT);

/** Writes judged batches to `flow_rows` and `flow_rows_wide` (see schema.ts for which record goes where). */
export interface FlowRowWriter {
  /** Uses up the batch and its judgements. */
  append(objectId: number, batch: FlowBatch, judgements: Uint32Array): void;
  flush(): void;
  /** Ends; what has not been flushed is not written. */
  discard(): void;
}

export function createFlowRowWriter(connection: DuckDBConnection): FlowRowWriter {
  const plain = createColumnAppender(connection, "flow_rows", 14);
  const wide = createColumnAppender(connection, "flow_rows_wide", 20);
  const staged = {
    objectId: new Uint32Array(BATCH_ROWS),
    duration: new Uint32Array(BATCH_ROWS),
    packets: new Uint32Array(BATCH_ROWS * 2),
    bytes: new Uint32Array(BATCH_ROWS * 2),
    flags: new Uint16Array(BATCH_ROWS),
  };
  const exceptions = new Int32Array(BATCH_ROWS);

  const appendPlain = (objectId: number, batch: FlowBatch, judgements: Uint32Array): void => {
    const { rows } = batch;
    if (staged.objectId[0] !== objectId || staged.objectId[BATCH_ROWS - 1] !== objectId) staged.objectId.fill(objectId);
    for (let row = 0; row < rows; row++) {
      staged.duration[row] = batch.end[row] - batch.start[row];
      staged.flags[row] = batch.bits[row] & HAS_TCP_FLAGS ? batch.tcpFlags[row] : NO_FLAGS;
    }
    toUint64(batch.packets, rows, staged.packets);
    toUint64(batch.bytes, rows, staged.bytes);
    plain.append(
      [
        { values: staged.objectId, bytesPerValue: 4 },
        { values: batch.line, bytesPerValue: 4 },
        { values: batch.interfaceId, bytesPerValue: 4 },
        { values: batch.start, bytesPerValue: 4 },
        { values: staged.duration, bytesPerValue: 4 },
        { values: batch.src, bytesPerValue: 4 },
        { values: batch.dst, bytesPerValue: 4 },
        { values: batch.srcPort, bytesPerValue: 2 },
        { values: batch.dstPort, bytesPerValue: 2 },
        { values: batch.protocol, bytesPerValue: 1 },
        { values: staged.packets, bytesPerValue: 8 },
        { values: staged.bytes, bytesPerValue: 8 },
        { values: staged.flags, bytesPerValue: 2 },
        { values: judgements, bytesPerValue: 4 },
      ],
      rows,
    );
  };

  return {
    append(objectId, batch, judgements) {
      let count = 0;
      for (let row = 0; row < batch.rows; row++) if (!isPlain(batch, row)) exceptions[count++] = row;
      if (count === 0) return appendPlain(objectId, batch, judgements);
      wide.append(wideColumns(objectId, batch, judgements, exceptions.subarray(0, count)), count);
      if (count < batch.rows) {
        const gone = exceptions.subarray(0, count);
        keepOthers(judgements, batch.rows, gone);
        removeRows(batch, gone);
        appendPlain(objectId, batch, judgements);
      }
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

function isPlain(batch: FlowBatch, row: number): boolean {
  const bits = batch.bits[row] & (COMPLETE | FAMILIES);
  if (batch.end[row] < batch.start[row]) return false;
  if (bits === PLAIN) return true;
  return bits === PLAIN_WITH_PACKET && batch.pktSrc[row] === batch.src[row] && batch.pktDst[row] === batch.dst[row];
}

/** The rows `which` of a batch as the 20 columns of `flow_rows_wide`. */
function wideColumns(objectId: number, batch: FlowBatch, judgements: Uint32Array, which: Int32Array): Column[] {
  const rows = which.length;
  const always = (pick: (row: number) => number): Column => {
    const values = new Uint32Array(rows);
    which.forEach((row, at) => (values[at] = pick(row)));
    return { values, bytesPerValue: 4 };
  };
  const nullable = <T extends Uint8Array | Uint16Array | Uint32Array>(
    values: T,
    pick: (row: number) => number | null,
  ): Column => {
    const valid = createValidity(rows);
    which.forEach((row, at) => {
      const value = pick(row);
      if (value === null) return;
      values[at] = value;
      markValid(valid, at);
    });
    return { values, bytesPerValue: values.BYTES_PER_ELEMENT, valid };
  };
  const count = (pick: (row: number) => number | null): Column => {
    const numbers = new Float64Array(rows);
    const { valid } = nullable(new Uint8Array(rows), (row) => (pick(row) === null ? null : 1));
    which.forEach((row, at) => (numbers[at] = pick(row) ?? 0));
    return { values: toUint64(numbers, rows, new Uint32Array(rows * 2)), bytesPerValue: 8, valid };
  };
  const has = (row: number, bit: number): boolean => (batch.bits[row] & bit) !== 0;
  const familyIs = (row: number, shift: number, family: number): boolean =>
    ((batch.bits[row] >>> shift) & 3) === family;
  const u16 = (): Uint16Array => new Uint16Array(rows);
  const u32 = (): Uint32Array => new Uint32Array(rows);
  const four = (column: Uint32Array, shift: number): Column =>
    nullable(u32(), (row) => (familyIs(row, shift, IPV4) ? column[row] : null));
  const six = (column: Uint32Array, shift: number): Column => {
    const values = new Uint32Array(rows * 4);
    const valid = createValidity(rows);
    which.forEach((row, at) => {
      if (familyIs(row, shift, IPV4) || familyIs(row, shift, 0)) return;
      // A 128-bit integer in memory: least significant word first.
      for (let word = 0; word < 4; word++) values[at * 4 + 3 - word] = batch.addr6[column[row] + word];
      markValid(valid, at);
    });
    return { values, bytesPerValue: 16, valid };
  };
  return [
    always(() => objectId),
    always((row) => batch.line[row]),
    always((row) => batch.interfaceId[row]),
    nullable(u32(), (row) => (has(row, HAS_TIMES) ? batch.start[row] : null)),
    nullable(u32(), (row) => (has(row, HAS_TIMES) ? Math.max(0, batch.end[row] - batch.start[row]) : null)),
    four(batch.src, FAMILY_SHIFT),
    four(batch.dst, FAMILY_SHIFT),
    nullable(u16(), (row) => (has(row, HAS_PORTS) ? batch.srcPort[row] : null)),
    nullable(u16(), (row) => (has(row, HAS_PORTS) ? batch.dstPort[row] : null)),
    nullable(new Uint8Array(rows), (row) => (has(row, HAS_PROTOCOL) ? batch.protocol[row] : null)),
    count((row) => (has(row, HAS_PACKETS) ? batch.packets[row] : null)),
    count((row) => (has(row, HAS_BYTES) ? batch.bytes[row] : null)),
    nullable(u16(), (row) => (has(row, HAS_TCP_FLAGS) ? batch.tcpFlags[row] : NO_FLAGS)),
    always((row) => judgements[row]),
    six(batch.src, FAMILY_SHIFT),
    six(batch.dst, FAMILY_SHIFT),
    four(batch.pktSrc, PKT_FAMILY_SHIFT),
    four(batch.pktDst, PKT_FAMILY_SHIFT),
    six(batch.pktSrc, PKT_FAMILY_SHIFT),
    six(batch.pktDst, PKT_FAMILY_SHIFT),
  ];
}
