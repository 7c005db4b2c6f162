import type { FlowBatch } from "./flow-batch.ts";

/** Removes rows from a batch, in place; the others keep their order. `gone` is ascending. */
export function removeRows(batch: FlowBatch, gone: Int32Array): void {
  const columns = [
    batch.line,
    batch.interfaceId,
    batch.accountId,
    batch.start,
    batch.end,
    batch.src,
    batch.dst,
    batch.pktSrc,
    batch.pktDst,
    batch.bits,
    batch.packets,
    batch.bytes,
    batch.srcPort,
    batch.dstPort,
    batch.protocol,
    batch.tcpFlags,
  ];
  for (const column of columns) keepOthers(column, batch.rows, gone);
  batch.rows -= gone.length;
}

/** Moves the values of the rows that stay to the front of a column. */
export function keepOthers(
  column: Uint8Array | Uint16Array | Uint32Array | Float64Array,
  rows: number,
  gone: Int32Array,
): void {
  let to = 0;
  for (let row = 0, next = 0; row < rows; row++) {
    if (gone[next] === row) next++;
    else column[to++] = column[row];
  }
}
