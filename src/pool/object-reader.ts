import { ByteDictionary } from "../decode/dictionary.ts";
import { type BadLine, FlowBatch } from "../decode/flow-batch.ts";
import { decodeObject } from "../decode/object.ts";
import type { CompiledPolicy } from "../policy/compile/compile.ts";
import { openAhead } from "../source/read-ahead.ts";
import type { SourceObject } from "../source/source.ts";
import { createBatchSender, type BatchSender } from "./batch-sender.ts";
import type { ReaderMessage, ReaderSetup } from "./messages.ts";
import { createTurns } from "./turns.ts";

/** Batches that may be under way from one reader. Enough for a whole object, so that the next one can be read meanwhile. */
export const BATCHES_UNDER_WAY = 128;

/** Reads objects one after the other: bytes, records, readings. The same in a worker thread and beside the consumer. */
export interface ObjectReader {
  /** Takes its turn behind the objects that were asked for before; a download starts at once. */
  read(object: SourceObject, signal?: AbortSignal): Promise<void>;
  /** What the records are to be read by, once: what was decoded before waits for it. */
  judgeBy(policy: CompiledPolicy): void;
  /** Takes back what the consumer is done with. */
  release(buffers: readonly ArrayBuffer[], readings: readonly ArrayBuffer[]): void;
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
  const inTurn = createTurns();

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
    release(buffers, readings) {
      spareBatches.push(...buffers);
      sender?.takeBack(readings);
      underWay -= buffers.length;
      if (underWay < BATCHES_UNDER_WAY) wake?.();
    },
    read(object, signal) {
      const chunks = openAhead(object, { aws: setup.aws, events, signal });
      return inTurn(() => decode(object, chunks, signal));
    },
  };
}
