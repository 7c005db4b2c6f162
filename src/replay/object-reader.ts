import { ByteDictionary } from "../decode/dense/dictionary.ts";
import type { BadLine } from "../decode/decoder.ts";
import { BATCH_ROWS, FlowBatch, HAS_TIMES } from "../decode/flow-batch.ts";
import { decodeObject } from "../decode/object.ts";
import { createBatchLookup } from "../evaluate/lookup/batch-lookup.ts";
import { createLookupTable } from "../evaluate/lookup/policy-lookup.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import { openAhead } from "../source/open.ts";
import type { SourceObject } from "../source/source.ts";
import type { BatchMessage, NewNames, ReaderMessage, ReaderSetup } from "./reader-messages.ts";
import pLimit from "p-limit";

/** Batches that may be under way from one reader. Enough for a whole object, so that the next one can be read meanwhile. */
export const BATCHES_UNDER_WAY = 128;

/** Reads objects one after the other: bytes, records, lookups. The same in a worker thread and beside the consumer. */
export interface ObjectReader {
  /** Takes its turn behind the objects that were asked for before; a download starts at once. */
  read(object: SourceObject, signal?: AbortSignal): Promise<void>;
  /** What the records are to be read by, once: what was decoded before waits for it. */
  judgeBy(policy: CompiledPolicy): void;
  /** Takes back what the consumer is done with. */
  release(buffers: readonly ArrayBuffer[], lookups: readonly ArrayBuffer[]): void;
}

export function createObjectReader(
  setup: ReaderSetup,
  send: (message: ReaderMessage, transfer: ArrayBuffer[]) => void,
): ObjectReader {
  const names = { interfaces: new ByteDictionary(), accounts: new ByteDictionary() };
  const spareBatches: ArrayBuffer[] = [];
  let sender: BatchSender | null = null;
  /** What has been decoded while the policy was not known. */
  let waiting: (() => void)[] = [];
  let underWay = 0;
  let wake: (() => void) | null = null;
  const inTurn = pLimit(1);

  const events = {
    note: (text: string): void => send({ kind: "note", text }, []),
    retry: (what: string): void => send({ kind: "retry", what }, []),
  };

  async function decode(object: SourceObject, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    const span = { first: 0xffffffff, last: 0 };
    let bad: BadLine[] = [];
    const post = (message: () => ReaderMessage): void => {
      const deliver = (): void => send(message(), []);
      if (sender === null) waiting.push(deliver);
      else deliver();
    };
    const sendBad = (): void => {
      const lines = bad;
      if (lines.length > 0) post(() => ({ kind: "bad", lines }));
      bad = [];
    };
    const sink = {
      allocate: (): FlowBatch => new FlowBatch(spareBatches.pop()),
      batch(batch: FlowBatch): void {
        underWay++;
        if (sender === null) waiting.push(() => sender!.send(batch, span));
        else sender.send(batch, span);
      },
      badLine(line: BadLine): void {
        bad.push(line);
        if (bad.length >= 1000) sendBad();
      },
      /** Waits until the consumer has taken enough. */
      async ready(): Promise<void> {
        signal?.throwIfAborted();
        if (underWay < BATCHES_UNDER_WAY) return;
        await new Promise<void>((resolve) => (wake = resolve));
      },
    };
    const { records, badLines } = await decodeObject(chunks, {
      ...names,
      fields: setup.fields ?? object.fields?.split(" "),
      sink,
    });
    sendBad();
    post(() => {
      const timed = span.first <= span.last;
      return {
        kind: "end",
        records,
        badLines,
        firstTime: timed ? span.first : null,
        lastTime: timed ? span.last : null,
      };
    });
  }

  return {
    judgeBy(policy) {
      sender = createBatchSender(policy, names, send);
      for (const deliver of waiting) deliver();
      waiting = [];
    },
    release(buffers, lookups) {
      spareBatches.push(...buffers);
      sender?.takeBack(lookups);
      underWay -= buffers.length;
      if (underWay < BATCHES_UNDER_WAY) wake?.();
    },
    read(object, signal) {
      const chunks = openAhead(object, { aws: setup.aws, events, signal });
      return inTurn(() => decode(object, chunks, signal));
    },
  };
}

/** Reads batches by a policy and sends them, with the names that they are the first to use. */
interface BatchSender {
  /** Widens `span` (Unix seconds) to the earliest start and the latest end of the records that have times. */
  send(batch: FlowBatch, span: { first: number; last: number }): void;
  takeBack(lookups: readonly ArrayBuffer[]): void;
}

/** `decoded`: the names that the batches give by number, in the order in which they were met. */
function createBatchSender(
  policy: CompiledPolicy,
  decoded: { readonly interfaces: ByteDictionary; readonly accounts: ByteDictionary },
  send: (message: BatchMessage, transfer: ArrayBuffer[]) => void,
): BatchSender {
  const table = createLookupTable();
  const lookup = createBatchLookup(policy, table);
  // Those of the policy come first, in its own numbers.
  const interfaces = new ByteDictionary(policy.interfaceIds);
  const numbers: number[] = [];
  const spare: ArrayBuffer[] = [];
  const sent = { interfaces: interfaces.size, accounts: 0, matches: 0, lookups: 0 };

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
      lookups: table.lookups.slice(sent.lookups),
    };
    sent.interfaces = interfaces.size;
    sent.accounts = decoded.accounts.size;
    sent.matches = table.matches.length;
    sent.lookups = table.lookups.length;
    const some = names.interfaces.length + names.accounts.length + names.matches.length + names.lookups.length > 0;
    return some ? names : null;
  };

  return {
    send(batch, span) {
      const lookups = new Uint32Array(spare.pop() ?? new ArrayBuffer(BATCH_ROWS * 4));
      renumber(batch);
      lookup.lookUp(batch, lookups);
      widen(span, batch);
      const addr6 = batch.addr6.slice(0, batch.addr6Length);
      const { rows, buffer } = batch;
      const message: BatchMessage = { kind: "batch", rows, buffer, lookups, addr6, names: newNames() };
      send(message, [buffer, lookups.buffer as ArrayBuffer, addr6.buffer as ArrayBuffer]);
    },
    takeBack: (lookups) => void spare.push(...lookups),
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
