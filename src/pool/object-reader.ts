import { ByteDictionary } from "../decode/dictionary.ts";
import { BATCH_ROWS, type BadLine, FlowBatch, HAS_TIMES } from "../decode/flow-batch.ts";
import { decodeObject } from "../decode/object.ts";
import { createBatchReader } from "../evaluate/read-batch.ts";
import { createReadingTable } from "../evaluate/reading.ts";
import { openAhead } from "../source/read-ahead.ts";
import type { SourceObject } from "../source/source.ts";
import type { BatchMessage, NewNames, ReaderMessage, ReaderSetup } from "./messages.ts";
import { createTurns } from "./turns.ts";

/** Batches that may be under way from one reader. Enough for a whole object, so that the next one can be read meanwhile. */
export const BATCHES_UNDER_WAY = 128;

/** Reads objects one after the other: bytes, records, readings. The same in a worker thread and beside the consumer. */
export interface ObjectReader {
  /** Takes its turn behind the objects that were asked for before; a download starts at once. */
  read(object: SourceObject, signal?: AbortSignal): Promise<void>;
  /** Takes back what the consumer is done with. */
  release(buffers: readonly ArrayBuffer[], readings: readonly ArrayBuffer[]): void;
}

export function createObjectReader(
  setup: ReaderSetup,
  send: (message: ReaderMessage, transfer: ArrayBuffer[]) => void,
): ObjectReader {
  const table = createReadingTable();
  const reader = createBatchReader(setup.policy, table);
  const interfaces = new ByteDictionary(setup.policy.interfaceIds);
  const accounts = new ByteDictionary();
  const sent = { interfaces: interfaces.size, accounts: 0, matches: 0, readings: 0 };
  const spareBatches: ArrayBuffer[] = [];
  const spareReadings: ArrayBuffer[] = [];
  let underWay = 0;
  let wake: (() => void) | null = null;
  const inTurn = createTurns();

  const newNames = (): NewNames | null => {
    const names = {
      interfaces: interfaces.strings.slice(sent.interfaces),
      accounts: accounts.strings.slice(sent.accounts),
      matches: table.matches.slice(sent.matches),
      readings: table.readings.slice(sent.readings),
    };
    sent.interfaces = interfaces.size;
    sent.accounts = accounts.size;
    sent.matches = table.matches.length;
    sent.readings = table.readings.length;
    const some = names.interfaces.length + names.accounts.length + names.matches.length + names.readings.length > 0;
    return some ? names : null;
  };

  const events = {
    note: (text: string): void => send({ kind: "note", text }, []),
    retry: (what: string): void => send({ kind: "retry", what }, []),
  };

  async function decode(object: SourceObject, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    let first = 0xffffffff;
    let last = 0;
    let bad: BadLine[] = [];
    const sendBad = (): void => {
      if (bad.length > 0) send({ kind: "bad", lines: bad }, []);
      bad = [];
    };
    const sink = {
      allocate: (): FlowBatch => new FlowBatch(spareBatches.pop()),
      batch(batch: FlowBatch): void {
        const readings = new Uint32Array(spareReadings.pop() ?? new ArrayBuffer(BATCH_ROWS * 4));
        reader.read(batch, readings);
        const span = spanOf(batch);
        first = Math.min(first, span.first);
        last = Math.max(last, span.last);
        const addr6 = batch.addr6.slice(0, batch.addr6Length);
        const { rows, buffer } = batch;
        const message: BatchMessage = { kind: "batch", rows, buffer, readings, addr6, names: newNames() };
        underWay++;
        send(message, [buffer, readings.buffer as ArrayBuffer, addr6.buffer as ArrayBuffer]);
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
    const { fields } = setup;
    const counts = await decodeObject(chunks, {
      interfaces,
      accounts,
      fields: fields ?? object.fields?.split(" "),
      sink,
    });
    sendBad();
    const timed = first <= last;
    send(
      {
        kind: "end",
        records: counts.records,
        badLines: counts.badLines,
        firstTime: timed ? first : null,
        lastTime: timed ? last : null,
      },
      [],
    );
  }

  return {
    release(buffers, readings) {
      spareBatches.push(...buffers);
      spareReadings.push(...readings);
      underWay -= buffers.length;
      if (underWay < BATCHES_UNDER_WAY) wake?.();
    },
    read(object, signal) {
      const chunks = openAhead(object, { aws: setup.aws, events, signal });
      return inTurn(() => decode(object, chunks, signal));
    },
  };
}

/** Unix seconds of the earliest start and the latest end; the other way round without records that have times. */
function spanOf({ rows, bits, start, end }: FlowBatch): { first: number; last: number } {
  let first = 0xffffffff;
  let last = 0;
  for (let row = 0; row < rows; row++) {
    if ((bits[row] & HAS_TIMES) === 0) continue;
    if (start[row] < first) first = start[row];
    if (end[row] > last) last = end[row];
  }
  return { first, last };
}
