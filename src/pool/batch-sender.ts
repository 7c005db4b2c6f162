import { ByteDictionary } from "../decode/dictionary.ts";
import { BATCH_ROWS, HAS_TIMES, type FlowBatch } from "../decode/flow-batch.ts";
import { createBatchReader } from "../evaluate/read-batch.ts";
import { createReadingTable } from "../evaluate/reading.ts";
import type { CompiledPolicy } from "../policy/compile/compile.ts";
import type { BatchMessage, NewNames } from "./messages.ts";

/** Reads batches by a policy and sends them, with the names that they are the first to use. */
export interface BatchSender {
  /** Widens `span` (Unix seconds) to the earliest start and the latest end of the records that have times. */
  send(batch: FlowBatch, span: { first: number; last: number }): void;
  takeBack(readings: readonly ArrayBuffer[]): void;
}

/** `decoded`: the names that the batches give by number, in the order in which they were met. */
export function createBatchSender(
  policy: CompiledPolicy,
  decoded: { readonly interfaces: ByteDictionary; readonly accounts: ByteDictionary },
  send: (message: BatchMessage, transfer: ArrayBuffer[]) => void,
): BatchSender {
  const table = createReadingTable();
  const reader = createBatchReader(policy, table);
  // Those of the policy come first, in its own numbers.
  const interfaces = new ByteDictionary(policy.interfaceIds);
  const numbers: number[] = [];
  const spare: ArrayBuffer[] = [];
  const sent = { interfaces: interfaces.size, accounts: 0, matches: 0, readings: 0 };

  const renumber = ({ interfaceId, rows }: FlowBatch): void => {
    const { strings } = decoded.interfaces;
    while (numbers.length < strings.length) numbers.push(interfaces.idOf(strings[numbers.length]));
    for (let row = 0; row < rows; row++) interfaceId[row] = numbers[interfaceId[row]];
  };

  const newNames = (): NewNames | null => {
    const names = {
      interfaces: interfaces.strings.slice(sent.interfaces),
      accounts: decoded.accounts.strings.slice(sent.accounts),
      matches: table.matches.slice(sent.matches),
      readings: table.readings.slice(sent.readings),
    };
    sent.interfaces = interfaces.size;
    sent.accounts = decoded.accounts.size;
    sent.matches = table.matches.length;
    sent.readings = table.readings.length;
    const some = names.interfaces.length + names.accounts.length + names.matches.length + names.readings.length > 0;
    return some ? names : null;
  };

  return {
    send(batch, span) {
      const readings = new Uint32Array(spare.pop() ?? new ArrayBuffer(BATCH_ROWS * 4));
      renumber(batch);
      reader.read(batch, readings);
      widen(span, batch);
      const addr6 = batch.addr6.slice(0, batch.addr6Length);
      const { rows, buffer } = batch;
      const message: BatchMessage = { kind: "batch", rows, buffer, readings, addr6, names: newNames() };
      send(message, [buffer, readings.buffer as ArrayBuffer, addr6.buffer as ArrayBuffer]);
    },
    takeBack: (readings) => void spare.push(...readings),
  };
}

function widen(span: { first: number; last: number }, { rows, bits, start, end }: FlowBatch): void {
  let { first, last } = span;
  for (let row = 0; row < rows; row++) {
    if ((bits[row] & HAS_TIMES) === 0) continue;
    if (start[row] < first) first = start[row];
    if (end[row] > last) last = end[row];
  }
  span.first = first;
  span.last = last;
}
