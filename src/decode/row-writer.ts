import { BATCH_ROWS, type DecodeSink, type FlowBatch } from "./flow-batch.ts";

/** Fills batches and hands each over as soon as it is full. */
export interface RowWriter {
  /** The batch being filled; its `rows` is the index of the next row, always below BATCH_ROWS. */
  readonly batch: FlowBatch;
  /** Rows written in total. */
  readonly written: number;
  /** Counts rows that were filled in `batch` from `batch.rows` on. True when that filled it and it was handed over. */
  advance(rows: number): boolean;
  /** Hands over what is there. */
  flush(): void;
}

export function createRowWriter(sink: DecodeSink): RowWriter {
  let batch: FlowBatch | null = null;
  let handedOver = 0;
  const current = (): FlowBatch => {
    if (batch === null) {
      batch = sink.allocate();
      batch.rows = 0;
      batch.addr6Length = 0;
    }
    return batch;
  };
  const flush = (): void => {
    const full = batch;
    if (full === null || full.rows === 0) return;
    batch = null;
    handedOver += full.rows;
    sink.batch(full);
  };
  return {
    get batch() {
      return current();
    },
    get written() {
      return handedOver + (batch?.rows ?? 0);
    },
    advance(rows) {
      const filled = current();
      filled.rows += rows;
      if (filled.rows < BATCH_ROWS) return false;
      flush();
      return true;
    },
    flush,
  };
}
