import { ACTION_MASK, type FlowBatch } from "../decode/flow-batch.ts";
import { keepOthers, removeRows } from "../decode/remove-rows.ts";
import type { ReadBatch } from "./evaluator.ts";

/**
 * Recognises records that two overlapping flow logs delivered: equal in interface, addresses, ports, protocol, counts,
 * times and action, from different flow logs. Equal records of one flow log are not touched: one line of the default
 * format may stand for several flows.
 */
export interface DuplicateFilter {
  /** Removes from the batch what another flow log has delivered already; returns how many rows went. */
  filter(read: ReadBatch, flowLog: number): number;
}

/** Records remembered at the least; overlapping flow logs publish the same interval within minutes of each other. */
const REMEMBERED = 1 << 20;

export function createDuplicateFilter(): DuplicateFilter {
  // Two generations: when the younger is full, the older is forgotten.
  let young = createGeneration();
  let old = createGeneration();
  const removed = new Int32Array(1 << 13);
  return {
    filter({ batch, readings }, flowLog) {
      let count = 0;
      for (let row = 0; row < batch.rows; row++) {
        hashRow(batch, row);
        const seen = young.flowLogOf(hashLow, hashHigh) || old.flowLogOf(hashLow, hashHigh);
        if (seen !== 0 && seen !== flowLog + 1) removed[count++] = row;
        else if (seen === 0) young.add(hashLow, hashHigh, flowLog + 1);
      }
      if (young.size > REMEMBERED) [young, old] = [createGeneration(), young];
      if (count > 0) {
        keepOthers(readings, batch.rows, removed.subarray(0, count));
        removeRows(batch, removed.subarray(0, count));
      }
      return count;
    },
  };
}

let hashLow = 0;
let hashHigh = 0;

/** 64 bits over what makes two records the same, into `hashLow` and `hashHigh`. */
function hashRow(batch: FlowBatch, row: number): void {
  hashLow = 0x9e3779b1;
  hashHigh = 0x85ebca6b;
  mix(batch.interfaceId[row]);
  mixAddress(batch, batch.src[row], batch.bits[row]);
  mixAddress(batch, batch.dst[row], batch.bits[row]);
  mix((batch.srcPort[row] << 16) | batch.dstPort[row]);
  mix((batch.protocol[row] << 2) | (batch.bits[row] & ACTION_MASK));
  mix(batch.packets[row]);
  mix(batch.bytes[row]);
  mix(batch.bytes[row] / 4_294_967_296);
  mix(batch.start[row]);
  mix(batch.end[row]);
}

function mixAddress(batch: FlowBatch, address: number, bits: number): void {
  if (((bits >>> 6) & 3) !== 2) return mix(address);
  for (let word = 0; word < 4; word++) mix(batch.addr6[address + word]);
}

function mix(value: number): void {
  hashLow = Math.imul(hashLow ^ value, 0xc2b2ae35);
  hashLow ^= hashLow >>> 15;
  hashHigh = Math.imul(hashHigh ^ value, 0x27d4eb2f) + hashLow;
  hashHigh ^= hashHigh >>> 13;
}

interface Generation {
  readonly size: number;
  /** Flow log that delivered the record, or 0. */
  flowLogOf(low: number, high: number): number;
  add(low: number, high: number, flowLog: number): void;
}

function createGeneration(): Generation {
  const capacity = REMEMBERED * 4;
  const words = new Int32Array(capacity * 2);
  const flowLogs = new Uint16Array(capacity);
  let size = 0;
  const place = (low: number, high: number): number => {
    let at = low & (capacity - 1);
    while (flowLogs[at] !== 0 && (words[at * 2] !== low || words[at * 2 + 1] !== high)) at = (at + 1) & (capacity - 1);
    return at;
  };
  return {
    get size() {
      return size;
    },
    flowLogOf: (low, high) => flowLogs[place(low, high)],
    add(low, high, flowLog) {
      const at = place(low, high);
      words[at * 2] = low;
      words[at * 2 + 1] = high;
      flowLogs[at] = flowLog;
      size++;
    },
  };
}
