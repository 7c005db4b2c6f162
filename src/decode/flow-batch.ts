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

/** 2 columns of 64 bits, 11 of 32, 2 of 16 and 2 of 8. */
const BYTES_PER_ROW = 2 * 8 + 11 * 4 + 2 * 2 + 2;

/**
 * Flow log records as columns, in the order of their lines. All columns but `addr6` lie in one ArrayBuffer, so that a
 * batch moves between threads with one transfer. Only the first `rows` entries of a column are valid.
 *
 * A class whose constructor sets `rows` and `addr6` twice: V8 compiles fields that are only ever initialised as constants,
 * and compiles everything that reads them again when they change. With an object literal it does so at the second object.
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
  /** Number of the set of further fields (further-fields.ts); 0: none has a value. */
  declare readonly further: Uint32Array;
  declare readonly protocol: Uint8Array;
  declare readonly tcpFlags: Uint8Array;
  // The columns once more, by kind of field: the `target` of a field is its index (fields.ts).
  declare readonly names: readonly Uint32Array[];
  declare readonly addresses: readonly Uint32Array[];
  declare readonly ports: readonly Uint16Array[];
  declare readonly octets: readonly Uint8Array[];
  declare readonly counts: readonly Float64Array[];
  declare readonly times: readonly Uint32Array[];
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
    this.further = u32();
    this.srcPort = u16();
    this.dstPort = u16();
    this.protocol = u8();
    this.tcpFlags = u8();
    this.names = [this.interfaceId, this.accountId];
    this.addresses = [this.src, this.dst, this.pktSrc, this.pktDst];
    this.ports = [this.srcPort, this.dstPort];
    this.octets = [this.protocol, this.tcpFlags];
    this.counts = [this.packets, this.bytes];
    this.times = [this.start, this.end];
    this.rows = 0;
    this.addr6 = new Uint32Array(0);
    this.addr6Length = 0;
  }
}

const NO_WORDS = new Uint32Array(0);

function wordColumns({ line, bits, further, names, addresses, times }: FlowBatch): Uint32Array[] {
  return [line, bits, further, ...names, ...addresses, ...times];
}

/** A batch on its way between threads. */
export interface BatchBuffers {
  readonly rows: number;
  readonly buffer: ArrayBuffer;
  /** Whole: all its words are valid. */
  readonly addr6: Uint32Array;
}

/** The batch again, over the same memory. */
export function batchOver({ rows, buffer, addr6 }: BatchBuffers): FlowBatch {
  const batch = new FlowBatch(buffer);
  batch.rows = rows;
  batch.addr6 = addr6;
  batch.addr6Length = addr6.length;
  return batch;
}

/** A copy in a buffer just large enough, so that the batch's own can go back. The IPv6 addresses are shared. */
export function packedCopy(batch: FlowBatch): FlowBatch {
  const { rows } = batch;
  const copy = new FlowBatch(new ArrayBuffer(rows * BYTES_PER_ROW));
  const columns = (of: FlowBatch) => [...wordColumns(of), ...of.ports, ...of.octets, ...of.counts];
  const from = columns(batch);
  for (const [index, column] of columns(copy).entries()) column.set(from[index].subarray(0, rows));
  copy.rows = rows;
  copy.addr6 = batch.addr6;
  copy.addr6Length = batch.addr6Length;
  return copy;
}

/** Removes rows from a batch, in place; the others keep their order. `gone` is ascending. */
export function removeRows(batch: FlowBatch, gone: Int32Array): void {
  const { rows } = batch;
  for (const column of wordColumns(batch)) keepOthers(column, rows, gone);
  for (const column of batch.counts) keepDoubles(column, rows, gone);
  for (const column of batch.ports) keepPorts(column, rows, gone);
  for (const column of batch.octets) keepOctets(column, rows, gone);
  batch.rows -= gone.length;
}

// One loop for each type of column: one loop for all four types is polymorphic, and took five times as long.

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
