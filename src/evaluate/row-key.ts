import { FAMILY_SHIFT, HAS_PORTS, PKT_FAMILY_SHIFT, type FlowBatch } from "../decode/flow-batch.ts";
import { IPV4 } from "../net/address.ts";
import { EGRESS } from "./reading.ts";
import { createWordMemo } from "./word-memo.ts";

/** IPv6 addresses as numbers, so that both families fit one kind of key. Numbers hold until `reset`. */
export interface AddressPool {
  idOf(words: Uint32Array, at: number): number;
  /** The four words of an address, at `words[id * 4]`. */
  readonly words: Uint32Array;
  readonly size: number;
  /** Forgets every address but those of `kept`, which get the numbers 0, 1, 2, … in that order. */
  reset(kept: readonly number[]): void;
}

export function createAddressPool(): AddressPool {
  const memo = createWordMemo(4);
  let words = new Uint32Array(1 << 10);
  const put = (source: Uint32Array, at: number): number => {
    for (let word = 0; word < 4; word++) memo.key[word] = source[at + word];
    const known = memo.find();
    if (known >= 0) return known;
    const id = memo.size;
    if (id * 4 + 4 > words.length) {
      const larger = new Uint32Array(words.length * 2);
      larger.set(words);
      words = larger;
    }
    for (let word = 0; word < 4; word++) words[id * 4 + word] = source[at + word];
    memo.add(id);
    return id;
  };
  return {
    idOf: put,
    get words() {
      return words;
    },
    get size() {
      return memo.size;
    },
    reset(kept) {
      const old = words;
      words = new Uint32Array(1 << 10);
      memo.clear();
      for (const id of kept) put(old, id * 4);
    },
  };
}

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
