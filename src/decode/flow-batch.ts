/** Rows in a full batch: a multiple of DuckDB's vector size (2,048). */
export const BATCH_ROWS = 8192;

// The `bits` word of a row. A field that the record does not carry is absent, never zero by accident.
export const ACTION_MASK = 0b11; // 0 absent
export const ACTION_ACCEPT = 1;
export const ACTION_REJECT = 2;
export const STATUS_SHIFT = 2; // two bits
export const STATUS_OK = 0;
export const STATUS_NODATA = 1;
export const STATUS_SKIPDATA = 2;
export const DIRECTION_SHIFT = 4; // two bits, `flow-direction`; 0 absent
export const DIRECTION_INGRESS = 1;
export const DIRECTION_EGRESS = 2;
export const FAMILY_SHIFT = 6; // two bits: family of srcaddr and dstaddr (net/address.ts); 0 absent
export const PKT_FAMILY_SHIFT = 8; // two bits: family of pkt-srcaddr and pkt-dstaddr; 0 absent
export const REJECT_REASON_SHIFT = 10; // two bits; 0 absent
export const REASON_BPA = 1;
export const REASON_EC = 2;
export const REASON_OTHER = 3;
export const HAS_TCP_FLAGS = 1 << 12;
export const HAS_PORTS = 1 << 13;
export const HAS_PROTOCOL = 1 << 14;
export const HAS_PACKETS = 1 << 15;
export const HAS_BYTES = 1 << 16;
export const HAS_TIMES = 1 << 17;

// f64 x2, u32 x10, u16 x2, u8 x2
const BYTES_PER_ROW = 16 + 40 + 4 + 2;

/**
 * Flow log records as columns, in the order of their lines. All columns but `addr6` lie in one ArrayBuffer, so that a
 * batch moves between threads with one transfer. Only the first `rows` entries of a column are valid.
 *
 * A class, and `rows` and the addresses written twice: V8 takes fields that are only ever initialised for constant, and
 * those of an object literal for another kind with its second object, and throws away what it compiled before.
 */
export class FlowBatch {
  declare rows: number;
  declare readonly buffer: ArrayBuffer;
  /** 1-based line in the decompressed object, headers counted. */
  declare readonly line: Uint32Array;
  /** Id in the interface dictionary of the decoder; `-` is a name like any other. */
  declare readonly interfaceId: Uint32Array;
  /** Id in the account dictionary of the decoder. */
  declare readonly accountId: Uint32Array;
  /** Unix seconds. */
  declare readonly start: Uint32Array;
  declare readonly end: Uint32Array;
  /** IPv4: the address as a number. IPv6: index into `addr6` of the first of four words, most significant first. */
  declare readonly src: Uint32Array;
  declare readonly dst: Uint32Array;
  /** `pkt-srcaddr` and `pkt-dstaddr`, in the same form; valid where the pkt family bits are set. */
  declare readonly pktSrc: Uint32Array;
  declare readonly pktDst: Uint32Array;
  /** Counts, exact below 2^53. */
  declare readonly packets: Float64Array;
  declare readonly bytes: Float64Array;
  declare readonly srcPort: Uint16Array;
  declare readonly dstPort: Uint16Array;
  declare readonly bits: Uint32Array;
  declare readonly protocol: Uint8Array;
  declare readonly tcpFlags: Uint8Array;
  /** IPv6 addresses of the batch, four words each; `addr6Length` words are valid. */
  declare addr6: Uint32Array;
  declare addr6Length: number;

  /** A batch over `buffer` (reused as it is, not cleared; its size tells how many rows fit) or over a new one. */
  constructor(buffer: ArrayBuffer = new ArrayBuffer(BATCH_ROWS * BYTES_PER_ROW)) {
    const rows = buffer.byteLength / BYTES_PER_ROW;
    let offset = 0;
    const f64 = (): Float64Array => new Float64Array(buffer, (offset += rows * 8) - rows * 8, rows);
    const u32 = (): Uint32Array => new Uint32Array(buffer, (offset += rows * 4) - rows * 4, rows);
    const u16 = (): Uint16Array => new Uint16Array(buffer, (offset += rows * 2) - rows * 2, rows);
    const u8 = (): Uint8Array => new Uint8Array(buffer, (offset += rows) - rows, rows);
    this.rows = rows;
    this.addr6 = NO_WORDS;
    this.addr6Length = -1;
    this.buffer = buffer;
    this.packets = f64();
    this.bytes = f64();
    this.line = u32();
    this.interfaceId = u32();
    this.accountId = u32();
    this.start = u32();
    this.end = u32();
    this.src = u32();
    this.dst = u32();
    this.pktSrc = u32();
    this.pktDst = u32();
    this.bits = u32();
    this.srcPort = u16();
    this.dstPort = u16();
    this.protocol = u8();
    this.tcpFlags = u8();
    this.rows = 0;
    this.addr6 = new Uint32Array(0);
    this.addr6Length = 0;
  }
}

const NO_WORDS = new Uint32Array(0);

/** The rows of a batch in a buffer that just holds them, so that its own can go back. Takes its IPv6 addresses over. */
export function packedCopy(batch: FlowBatch): FlowBatch {
  const { rows } = batch;
  const copy = new FlowBatch(new ArrayBuffer(rows * BYTES_PER_ROW));
  for (const column of ["packets", "bytes"] as const) copy[column].set(batch[column].subarray(0, rows));
  for (const column of WORDS) copy[column].set(batch[column].subarray(0, rows));
  for (const column of ["srcPort", "dstPort"] as const) copy[column].set(batch[column].subarray(0, rows));
  for (const column of ["protocol", "tcpFlags"] as const) copy[column].set(batch[column].subarray(0, rows));
  copy.rows = rows;
  copy.addr6 = batch.addr6;
  copy.addr6Length = batch.addr6Length;
  return copy;
}

const WORDS = ["line", "interfaceId", "accountId", "start", "end", "src", "dst", "pktSrc", "pktDst", "bits"] as const;

/** A line that is no record. Kept, with its text truncated to `BAD_LINE_TEXT` characters. */
export interface BadLine {
  readonly line: number;
  /** snake_case, e.g. `wrong_field_count`, `invalid_address`, `invalid_number`, `invalid_action`, `line_too_long`. */
  readonly reason: string;
  readonly text: string;
}

export const BAD_LINE_TEXT = 200;

/** Receives what a decoder produces, in the order of the lines. */
export interface DecodeSink {
  /** An empty batch to fill (a new one, or one that came back from the consumer). */
  allocate(): FlowBatch;
  /** Takes over a filled batch (1..BATCH_ROWS rows). */
  batch(batch: FlowBatch): void;
  badLine(bad: BadLine): void;
}

/** Removes rows from a batch, in place; the others keep their order. `gone` is ascending. */
export function removeRows(batch: FlowBatch, gone: Int32Array): void {
  const { rows } = batch;
  const words = [batch.line, batch.interfaceId, batch.accountId, batch.start, batch.end, batch.bits];
  words.push(batch.src, batch.dst, batch.pktSrc, batch.pktDst);
  for (const column of words) keepOthers(column, rows, gone);
  for (const column of [batch.packets, batch.bytes]) keepDoubles(column, rows, gone);
  for (const column of [batch.srcPort, batch.dstPort]) keepPorts(column, rows, gone);
  for (const column of [batch.protocol, batch.tcpFlags]) keepOctets(column, rows, gone);
  batch.rows -= gone.length;
}

// One loop for each kind of column: a single one that meets all four is polymorphic, and took five times as long.

/** Moves the values of the rows that stay to the front of a column. */
export function keepOthers(column: Uint32Array, rows: number, gone: Int32Array): void {
  let to = gone[0];
  for (let next = 0; next < gone.length; next++) {
    const end = next + 1 < gone.length ? gone[next + 1] : rows;
    for (let row = gone[next] + 1; row < end; row++) column[to++] = column[row];
  }
}

function keepDoubles(column: Float64Array, rows: number, gone: Int32Array): void {
  let to = gone[0];
  for (let next = 0; next < gone.length; next++) {
    const end = next + 1 < gone.length ? gone[next + 1] : rows;
    for (let row = gone[next] + 1; row < end; row++) column[to++] = column[row];
  }
}

export function keepPorts(column: Uint16Array, rows: number, gone: Int32Array): void {
  let to = gone[0];
  for (let next = 0; next < gone.length; next++) {
    const end = next + 1 < gone.length ? gone[next + 1] : rows;
    for (let row = gone[next] + 1; row < end; row++) column[to++] = column[row];
  }
}

export function keepOctets(column: Uint8Array, rows: number, gone: Int32Array): void {
  let to = gone[0];
  for (let next = 0; next < gone.length; next++) {
    const end = next + 1 < gone.length ? gone[next + 1] : rows;
    for (let row = gone[next] + 1; row < end; row++) column[to++] = column[row];
  }
}
