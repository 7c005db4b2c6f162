import { parentPort } from "node:worker_threads";
import { callable, serve } from "./calls.ts";
import { createObjectReader, type ReadSink } from "./object-reader.ts";
import { expectTransfers } from "./threads.ts";

// Entry of a reader thread.
expectTransfers();
const sink = callable<ReadSink>(parentPort!, {
  batch: ({ buffer, lookups, addr6 }) => [buffer, lookups.buffer, addr6.buffer] as ArrayBuffer[],
});
serve(parentPort!, createObjectReader(sink));
