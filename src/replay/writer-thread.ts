import { parentPort } from "node:worker_threads";
import { serve } from "./calls.ts";
import { createEvidenceSession } from "./evidence-session.ts";
import { expectTransfers } from "./threads.ts";

// Entry of the writer thread: DuckDB appends, packs and commits beside the judging of the next records.
expectTransfers();
serve(parentPort!, createEvidenceSession(), {
  appendFlows: ({ batch, judgements }) => [batch, judgements],
  identities: ({ low, high, start, objectId, judgement }) =>
    [low, high, start, objectId, judgement].map((column) => column.buffer as ArrayBuffer),
});
// Everything is loaded now, native code and all (replay/threads.ts).
parentPort!.postMessage({ loaded: true });
