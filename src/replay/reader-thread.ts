import { parentPort } from "node:worker_threads";
import { AppError } from "../errors.ts";
import { createObjectReader, type ObjectReader } from "./object-reader.ts";
import type { ReaderMessage, ReaderRequest } from "./reader-messages.ts";
import { expectTransfers } from "./threads.ts";

/** Entry of a reader thread: one object at a time, as asked. */
expectTransfers();
const port = parentPort!;
const abort = new AbortController();
let reader: ObjectReader | null = null;

port.on("message", (request: ReaderRequest) => {
  if (request.kind === "setup") {
    reader = createObjectReader(request.setup, (message, transfer) => port.postMessage(message, transfer));
  } else if (request.kind === "policy") reader?.judgeBy(request.policy);
  else if (request.kind === "return") reader?.release(request.buffers, request.lookups);
  else if (request.kind === "stop") abort.abort();
  else {
    reader?.read(request.object, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) port.postMessage({ kind: "failure", error: describe(error) } satisfies ReaderMessage);
    });
  }
});

function describe(error: unknown): Extract<ReaderMessage, { kind: "failure" }>["error"] {
  if (error instanceof AppError)
    return { code: error.code, message: error.message, hint: error.hint ?? null, stack: null };
  const known = error instanceof Error ? error : new Error(String(error));
  return { code: null, message: known.message, hint: null, stack: known.stack ?? null };
}
