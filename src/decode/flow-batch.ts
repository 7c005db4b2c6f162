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

/**
 * Flow log records as columns, in the order of their lines. All columns but `addr6` lie in one ArrayBuffer, so that a
 * batch moves between threads with one transfer. Only the first `rows` entries of a column are valid.
 */
export interface FlowBatch {
  rows: number;
  readonly buffer: ArrayBuffer;
  /** 1-based line in the decompressed object, headers counted. */
  readonly line: Uint32Array;
  /** Id in the interface dictionary of the decoder; `-` is a name like any other. */
  readonly interfaceId: Uint32Array;
  /** Id in the account dictionary of the decoder. */
  readonly accountId: Uint32Array;
  /** Unix seconds. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** IPv4: the address as a number. IPv6: index into `addr6` of the first of four words, most significant first. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  /** `pkt-srcaddr` and `pkt-dstaddr`, in the same form; valid where the pkt family bits are set. */
  readonly pktSrc: Uint32Array;
  readonly pktDst: Uint32Array;
  /** Counts, exact below 2^53. */
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly srcPort: Uint16Array;
  readonly dstPort: Uint16Array;
  readonly bits: Uint32Array;
  readonly protocol: Uint8Array;
  readonly tcpFlags: Uint8Array;
  /** IPv6 addresses of the batch, four words each; `addr6Length` words are valid. */
  addr6: Uint32Array;
  addr6Length: number;
}

// f64 x2, u32 x10, u16 x2, u8 x2
const BYTES_PER_ROW = 16 + 40 + 4 + 2;

/** A batch over `buffer` (reused as it is, not cleared; its size tells how many rows fit) or over a new one. */
export function createFlowBatch(buffer: ArrayBuffer = new ArrayBuffer(BATCH_ROWS * BYTES_PER_ROW)): FlowBatch {
  const rows = buffer.byteLength / BYTES_PER_ROW;
  let offset = 0;
  const f64 = (): Float64Array => new Float64Array(buffer, (offset += rows * 8) - rows * 8, rows);
  const u32 = (): Uint32Array => new Uint32Array(buffer, (offset += rows * 4) - rows * 4, rows);
  const u16 = (): Uint16Array => new Uint16Array(buffer, (offset += rows * 2) - rows * 2, rows);
  const u8 = (): Uint8Array => new Uint8Array(buffer, (offset += rows) - rows, rows);
  return {
    rows: 0,
    buffer,
    packets: f64(),
    bytes: f64(),
    line: u32(),
    interfaceId: u32(),
    accountId: u32(),
    start: u32(),
    end: u32(),
    src: u32(),
    dst: u32(),
    pktSrc: u32(),
    pktDst: u32(),
    bits: u32(),
    srcPort: u16(),
    dstPort: u16(),
    protocol: u8(),
    tcpFlags: u8(),
    addr6: new Uint32Array(0),
    addr6Length: 0,
  };
}

/** The rows of a batch in a buffer that just holds them, so that its own can go back. Takes its IPv6 addresses over. */
export function packedCopy(batch: FlowBatch): FlowBatch {
  const { rows } = batch;
  const copy = createFlowBatch(new ArrayBuffer(rows * BYTES_PER_ROW));
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
  /** An empty batch to fill (`createFlowBatch`, or one that came back from the consumer). */
  allocate(): FlowBatch;
  /** Takes over a filled batch (1..BATCH_ROWS rows). */
  batch(batch: FlowBatch): void;
  badLine(bad: BadLine): void;
}
