import type { DuckDBConnection } from "@duckdb/node-api";
import {
  BATCH_ROWS,
  DIRECTION_SHIFT,
  FAMILY_SHIFT,
  type FlowBatch,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TCP_FLAGS,
  HAS_TIMES,
  keepOctets,
  keepOthers,
  keepPorts,
  PKT_FAMILY_SHIFT,
} from "../decode/flow-batch.ts";
import { IPV4, IPV6 } from "../net/address.ts";
import { createColumnAppender } from "./column-appender.ts";
import { FLOW_DIRECTION_SHIFT, NO_TCP_FLAGS } from "./schema.ts";
import { type Column, columnOf, createValidity, markValid, putUint64 } from "./columns.ts";

const COMPLETE = HAS_PORTS | HAS_PROTOCOL | HAS_PACKETS | HAS_BYTES | HAS_TIMES;
const FAMILIES = (3 << FAMILY_SHIFT) | (3 << PKT_FAMILY_SHIFT);
const PLAIN = COMPLETE | (IPV4 << FAMILY_SHIFT);
const PLAIN_WITH_PACKET = PLAIN | (IPV4 << PKT_FAMILY_SHIFT);

/** Writes judged batches to `plain_records` and `flow_rows_wide` (see schema.ts for which record goes where). */
export function createFlowRowWriter(connection: DuckDBConnection) {
  const plain = createColumnAppender(connection, "plain_records", 14);
  const plainWithFurther = createColumnAppender(connection, "plain_records_further", 15);
  const wide = createColumnAppender(connection, "flow_rows_wide", 21);
  const staged = createStaged();
  const wideRows = new WideRows();
  const exceptions = new Int32Array(BATCH_ROWS);
  // From its first such record on, an object keeps to one table, so that its rows stay in order.
  let furtherObject = -1;

  return {
    /** Uses up the batch and its judgements. */
    append(objectId: number, batch: FlowBatch, judgements: Uint32Array): void {
      const others = exceptions.subarray(0, findExceptions(batch, exceptions));
      if (others.length > 0) wide.append(wideRows.columns(objectId, batch, judgements, others), others.length);
      const rows = batch.rows - others.length;
      if (rows === 0) return;
      if (furtherObject !== objectId && hasFurther(batch)) furtherObject = objectId;
      if (staged.objectId[0] !== objectId) staged.objectId.fill(objectId);
      stage(batch, others, staged);
      if (others.length > 0) closeGaps(batch, judgements, others);
      const columns = plainColumns(batch, judgements, staged);
      if (furtherObject === objectId) plainWithFurther.append([...columns, columnOf(batch.further)], rows);
      else plain.append(columns, rows);
    },
    flush(): void {
      plain.flush();
      plainWithFurther.flush();
      wide.flush();
    },
    /** Ends; what has not been flushed is not written. */
    discard(): void {
      plain.discard();
      plainWithFurther.discard();
      wide.discard();
    },
  };
}

/** Columns of `plain_records` whose form differs from the batch's. */
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
    flags[to] = storedFlags(bits[row], tcpFlags[row]);
    putUint64(batch.packets[row], packets, to);
    putUint64(batch.bytes[row], bytes, to);
    to++;
  }
}

/** Removes the rows `gone` from the columns that are stored as they are. */
function closeGaps(batch: FlowBatch, judgements: Uint32Array, gone: Int32Array): void {
  const { rows, line, interfaceId, start, src, dst, further } = batch;
  for (const column of [line, interfaceId, start, src, dst, further, judgements]) keepOthers(column, rows, gone);
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

function hasFurther({ rows, further }: FlowBatch): boolean {
  for (let row = 0; row < rows; row++) if (further[row] !== 0) return true;
  return false;
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

/** `tcp_flags` of the tables: with `flow-direction`, which a judgement need not keep (schema.ts). */
function storedFlags(bits: number, flags: number): number {
  const direction = (bits >>> DIRECTION_SHIFT) & 3;
  return (bits & HAS_TCP_FLAGS ? flags : NO_TCP_FLAGS) | (direction << FLOW_DIRECTION_SHIFT);
}

const u32 = (): Uint32Array => new Uint32Array(BATCH_ROWS);
const u16 = (): Uint16Array => new Uint16Array(BATCH_ROWS);
const valid = (): Uint8Array => createValidity(BATCH_ROWS);

/** Rows of `flow_rows_wide`, and which of their fields they have. */
class WideRows {
  private readonly objectId = u32();
  private readonly line = u32();
  private readonly interfaceId = u32();
  private readonly judgement = u32();
  private readonly further = u32();
  private readonly flags = u16();
  private readonly start = u32();
  private readonly duration = u32();
  private readonly timed = valid();
  private readonly srcPort = u16();
  private readonly dstPort = u16();
  private readonly ported = valid();
  private readonly protocol = new Uint8Array(BATCH_ROWS);
  private readonly hasProtocol = valid();
  private readonly packets = new Uint32Array(BATCH_ROWS * 2);
  private readonly hasPackets = valid();
  private readonly bytes = new Uint32Array(BATCH_ROWS * 2);
  private readonly hasBytes = valid();
  private readonly own = new AddressPairs();
  private readonly packet = new AddressPairs();
  private readonly masks = [
    this.timed,
    this.ported,
    this.hasProtocol,
    this.hasPackets,
    this.hasBytes,
    this.own.four,
    this.own.six,
    this.packet.four,
    this.packet.six,
  ];

  /** The rows `which` of a batch as the 21 columns of the table, good until the next call. */
  columns(objectId: number, batch: FlowBatch, judgements: Uint32Array, which: Int32Array): Column[] {
    for (const mask of this.masks) mask.fill(0);
    this.objectId.fill(objectId, 0, which.length);
    this.fill(batch, judgements, which);
    const { timed, ported, hasProtocol, hasPackets, hasBytes, own, packet } = this;
    return [
      columnOf(this.objectId),
      columnOf(this.line),
      columnOf(this.interfaceId),
      { ...columnOf(this.start), valid: timed },
      { ...columnOf(this.duration), valid: timed },
      { ...columnOf(own.src), valid: own.four },
      { ...columnOf(own.dst), valid: own.four },
      { ...columnOf(this.srcPort), valid: ported },
      { ...columnOf(this.dstPort), valid: ported },
      { ...columnOf(this.protocol), valid: hasProtocol },
      { ...columnOf(this.packets, 2), valid: hasPackets },
      { ...columnOf(this.bytes, 2), valid: hasBytes },
      columnOf(this.flags),
      columnOf(this.judgement),
      { ...columnOf(own.src6, 4), valid: own.six },
      { ...columnOf(own.dst6, 4), valid: own.six },
      { ...columnOf(packet.src), valid: packet.four },
      { ...columnOf(packet.dst), valid: packet.four },
      { ...columnOf(packet.src6, 4), valid: packet.six },
      { ...columnOf(packet.dst6, 4), valid: packet.six },
      columnOf(this.further),
    ];
  }

  private fill(batch: FlowBatch, judgements: Uint32Array, which: Int32Array): void {
    const { own, packet, line, interfaceId, judgement, flags, start, duration } = this;
    for (let at = 0; at < which.length; at++) {
      const row = which[at];
      const bits = batch.bits[row];
      line[at] = batch.line[row];
      interfaceId[at] = batch.interfaceId[row];
      judgement[at] = judgements[row];
      this.further[at] = batch.further[row];
      flags[at] = storedFlags(bits, batch.tcpFlags[row]);
      if (bits & HAS_TIMES) {
        start[at] = batch.start[row];
        duration[at] = Math.max(0, batch.end[row] - batch.start[row]);
        markValid(this.timed, at);
      }
      if (bits & HAS_PORTS) {
        this.srcPort[at] = batch.srcPort[row];
        this.dstPort[at] = batch.dstPort[row];
        markValid(this.ported, at);
      }
      if (bits & HAS_PROTOCOL) {
        this.protocol[at] = batch.protocol[row];
        markValid(this.hasProtocol, at);
      }
      if (bits & HAS_PACKETS) {
        putUint64(batch.packets[row], this.packets, at);
        markValid(this.hasPackets, at);
      }
      if (bits & HAS_BYTES) {
        putUint64(batch.bytes[row], this.bytes, at);
        markValid(this.hasBytes, at);
      }
      own.put(at, (bits >>> FAMILY_SHIFT) & 3, batch.src[row], batch.dst[row], batch.addr6);
      packet.put(at, (bits >>> PKT_FAMILY_SHIFT) & 3, batch.pktSrc[row], batch.pktDst[row], batch.addr6);
    }
  }
}

/** Source and destination, of one family each row, or of none. */
class AddressPairs {
  readonly src = u32();
  readonly dst = u32();
  readonly four = valid();
  /** Four words a row. */
  readonly src6 = new Uint32Array(BATCH_ROWS * 4);
  readonly dst6 = new Uint32Array(BATCH_ROWS * 4);
  readonly six = valid();

  /** An IPv4 address is its own value, an IPv6 address an index into `words`. */
  put(row: number, family: number, src: number, dst: number, words: Uint32Array): void {
    if (family === IPV4) {
      this.src[row] = src;
      this.dst[row] = dst;
      markValid(this.four, row);
    } else if (family === IPV6) {
      // A 128-bit integer in memory: least significant word first.
      for (let word = 0; word < 4; word++) {
        this.src6[row * 4 + 3 - word] = words[src + word];
        this.dst6[row * 4 + 3 - word] = words[dst + word];
      }
      markValid(this.six, row);
    }
  }
}
