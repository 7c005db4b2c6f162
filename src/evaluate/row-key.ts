import { FAMILY_SHIFT, HAS_PORTS, PKT_FAMILY_SHIFT, type FlowBatch } from "../decode/flow-batch.ts";
import { IPV4 } from "../net/address.ts";
import type { AddressPool } from "./address-pool.ts";
import { EGRESS } from "./reading.ts";

/** The connection a row belongs to, in the words of a table key; one object is reused for every row. */
export interface RowKey {
  eni: number;
  local: number;
  remote: number;
  ports: number;
  kind: number;
}

/** Writes the key of a row whose direction is known. The original packet's addresses count where the record has them. */
export function rowKey(batch: FlowBatch, row: number, direction: number, pool: AddressPool, key: RowKey): void {
  const bits = batch.bits[row];
  const packetFamily = (bits >>> PKT_FAMILY_SHIFT) & 3;
  const family = packetFamily === 0 ? (bits >>> FAMILY_SHIFT) & 3 : packetFamily;
  let source = (packetFamily === 0 ? batch.src : batch.pktSrc)[row];
  let destination = (packetFamily === 0 ? batch.dst : batch.pktDst)[row];
  if (family !== IPV4) {
    source = pool.idOf(batch.addr6, source);
    destination = pool.idOf(batch.addr6, destination);
  }
  const ported = (bits & HAS_PORTS) !== 0;
  const sourcePort = ported ? batch.srcPort[row] : 0;
  const destinationPort = ported ? batch.dstPort[row] : 0;
  key.eni = batch.interfaceId[row];
  key.kind = batch.protocol[row] | (family << 8);
  if (direction === EGRESS) {
    key.local = source;
    key.remote = destination;
    key.ports = ((sourcePort << 16) | destinationPort) >>> 0;
  } else {
    key.local = destination;
    key.remote = source;
    key.ports = ((destinationPort << 16) | sourcePort) >>> 0;
  }
}
