import type { DuckDBConnection } from "@duckdb/node-api";
import {
  FAMILY_SHIFT,
  FlowBatch,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
} from "../decode/flow-batch.ts";
import { IPV4, IPV6 } from "../net/address.ts";
import { columnBytes } from "./column-appender.ts";

/** Stored records as a batch with the fields that the policy looks at: no account. */
export interface FlowChunk {
  /** Filled again for every chunk. `bits` lack action, status and direction: those are in the judgement. */
  readonly batch: FlowBatch;
  readonly objectId: Uint32Array;
  readonly judgement: Uint32Array;
  /** `tcp_flags` of the tables (schema.ts). */
  readonly flags: Uint16Array;
}

const COLUMNS = `object_id, line, judgement_id, interface_idx, start_s, srcport, dstport, protocol,
  packets::double, bytes::double, src, dst, tcp_flags`;

const PLAIN_BITS = HAS_PORTS | HAS_PROTOCOL | HAS_PACKETS | HAS_BYTES | HAS_TIMES | (IPV4 << FAMILY_SHIFT);

const has = (column: string, bits: number): string => `(case when ${column} is null then 0 else ${bits} end)`;
const words = (column: string): string =>
  [96, 64, 32, 0].map((shift) => `((coalesce(${column}, 0) >> ${shift}) & 4294967295)::uinteger`).join(", ");

/** Absent fields as bits and zeros, so that no column has nulls. */
const SELECT = {
  flow_rows: `select ${COLUMNS}, start_s + duration, coalesce(further_id, 0) from flow_rows`,
  flow_rows_wide: `select
      object_id, line, judgement_id, interface_idx, coalesce(start_s, 0), coalesce(srcport, 0), coalesce(dstport, 0),
      coalesce(protocol, 0), coalesce(packets, 0)::double, coalesce(bytes, 0)::double, coalesce(src, 0), coalesce(dst, 0),
      tcp_flags,
      (coalesce(start_s, 0)::ubigint + coalesce(duration, 0))::uinteger,
      coalesce(pkt_src, 0), coalesce(pkt_dst, 0),
      (${has("start_s", HAS_TIMES)} | ${has("srcport", HAS_PORTS)} | ${has("protocol", HAS_PROTOCOL)}
        | ${has("packets", HAS_PACKETS)} | ${has("bytes", HAS_BYTES)}
        | ${has("src", IPV4 << FAMILY_SHIFT)} | ${has("src6", IPV6 << FAMILY_SHIFT)}
        | ${has("pkt_src", IPV4 << PKT_FAMILY_SHIFT)} | ${has("pkt_src6", IPV6 << PKT_FAMILY_SHIFT)})::uinteger,
      ${["src6", "dst6", "pkt_src6", "pkt_dst6"].map(words).join(", ")},
      coalesce(further_id, 0)
    from flow_rows_wide`,
} as const;

export type FlowTable = keyof typeof SELECT;

/**
 * The records of a table for which the SQL of `where` holds, in the order in which they were stored. One buffer serves all
 * chunks.
 */
export async function* scanFlows(
  connection: DuckDBConnection,
  table: FlowTable,
  where = "true",
): AsyncGenerator<FlowChunk> {
  const result = await connection.stream(`${SELECT[table]} where ${where}`);
  const batch = new FlowBatch();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    const rows = chunk.rowCount;
    const u32 = (column: number): Uint32Array => {
      const { buffer, byteOffset } = columnBytes(chunk, column, 4);
      return new Uint32Array(buffer, byteOffset, rows);
    };
    const u16 = (column: number): Uint16Array => {
      const { buffer, byteOffset } = columnBytes(chunk, column, 2);
      return new Uint16Array(buffer, byteOffset, rows);
    };
    const f64 = (column: number): Float64Array => {
      const { buffer, byteOffset } = columnBytes(chunk, column, 8);
      return new Float64Array(buffer, byteOffset, rows);
    };
    batch.rows = rows;
    batch.line.set(u32(1));
    batch.interfaceId.set(u32(3));
    batch.start.set(u32(4));
    batch.srcPort.set(u16(5));
    batch.dstPort.set(u16(6));
    batch.protocol.set(columnBytes(chunk, 7, 1));
    batch.packets.set(f64(8));
    batch.bytes.set(f64(9));
    batch.src.set(u32(10));
    batch.dst.set(u32(11));
    batch.end.set(u32(13));
    batch.further.set(u32(table === "flow_rows" ? 14 : 33));
    if (table === "flow_rows") batch.bits.fill(PLAIN_BITS, 0, rows);
    else fillWide(batch, u32);
    yield { batch, objectId: u32(0), judgement: u32(2), flags: u16(12) };
  }
}

/** Packet addresses and IPv6 addresses; the latter are indexes into `addr6`, four words each. */
function fillWide(batch: FlowBatch, u32: (column: number) => Uint32Array): void {
  const { rows } = batch;
  batch.pktSrc.set(u32(14));
  batch.pktDst.set(u32(15));
  batch.bits.set(u32(16));
  const six = Array.from({ length: 16 }, (_, at) => u32(17 + at));
  const used = new Uint32Array(rows * 16);
  for (let row = 0; row < rows; row++) {
    for (let word = 0; word < 16; word++) used[row * 16 + word] = six[word][row];
    const bits = batch.bits[row];
    if (((bits >>> FAMILY_SHIFT) & 3) === IPV6) {
      batch.src[row] = row * 16;
      batch.dst[row] = row * 16 + 4;
    }
    if (((bits >>> PKT_FAMILY_SHIFT) & 3) === IPV6) {
      batch.pktSrc[row] = row * 16 + 8;
      batch.pktDst[row] = row * 16 + 12;
    }
  }
  batch.addr6 = used;
  batch.addr6Length = used.length;
}
