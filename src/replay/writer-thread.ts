import pLimit from "p-limit";
import { parentPort } from "node:worker_threads";
import { FlowBatch } from "../decode/flow-batch.ts";
import { AppError } from "../errors.ts";
import type { EvidenceWriter } from "../store/evidence-writer.ts";
import { createModelledEvidence, type OpenEvidenceFile } from "./evidence-file.ts";
import { expectTransfers } from "./threads.ts";
import type { ThreadError, WriterCall, WriterReply } from "./writer-messages.ts";

/**
 * Entry of the writer thread: one call after the other, in the order in which they came. DuckDB's own work (appending,
 * packing, committing) then runs beside the judging of the next records.
 */
expectTransfers();
const port = parentPort!;
const evidence = createModelledEvidence();
let opened: OpenEvidenceFile | null = null;
let writer: EvidenceWriter | null = null;
const inTurn = pLimit(1);

port.on("message", ({ id, call }: { id: number; call: WriterCall }) => {
  const carryOut = async (): Promise<void> => {
    try {
      const { reply, transfer } = await answer(call);
      port.postMessage({ id, reply }, transfer);
    } catch (error) {
      port.postMessage({ id, error: describe(error) });
    }
  };
  // The model is read while the file is opened. Queries come when all is written, and do not wait for one another.
  if (call.method === "readModel" || call.method === "query") void carryOut();
  else void inTurn(carryOut);
});

// Loaded, native code and all (replay/threads.ts).
port.postMessage({ id: 0, reply: null });

async function answer(call: WriterCall): Promise<{ reply: WriterReply; transfer: ArrayBuffer[] }> {
  const done = { reply: null, transfer: [] };
  if (call.method === "readModel") return { reply: await evidence.readModel(call.path), transfer: [] };
  if (call.method === "open") {
    opened = await evidence.open(call.path);
    return { reply: opened.state, transfer: [] };
  }
  if (call.method === "begin") {
    const begun = await opened!.begin(call.options);
    writer = begun.writer;
    return { reply: begun.policy, transfer: [] };
  }
  if (call.method === "close") {
    await (writer ?? opened)?.close();
    return done;
  }
  switch (call.method) {
    case "startRun":
      await writer!.startRun(call.run);
      return done;
    case "appendFlows": {
      const batch = new FlowBatch(call.buffer);
      batch.rows = call.rows;
      batch.addr6 = call.addr6;
      batch.addr6Length = call.addr6.length;
      const reply = await writer!.appendFlows(call.objectId, batch, call.judgements);
      return { reply, transfer: [reply.batch, reply.judgements] };
    }
    case "appendFacts":
      await writer!.appendFacts(call.facts);
      return done;
    case "appendBadLines":
      await writer!.appendBadLines(call.objectId, call.bad);
      return done;
    case "identities": {
      const reply = await writer!.identities(call.buckets);
      const { low, high, start, objectId, judgement } = reply;
      const transfer = [low, high, start, objectId, judgement].map((column) => column.buffer as ArrayBuffer);
      return { reply, transfer };
    }
    case "prepare":
      await writer!.prepare(call.changes);
      return done;
    case "replaceTracker":
      await writer!.replaceTracker(call.frame);
      return done;
    case "appendTracker":
      await writer!.appendTracker(call.chunk);
      return done;
    case "commit":
      await writer!.commit(call.finished);
      return done;
    case "query":
      return { reply: await writer!.query(call.sql, call.parameters), transfer: [] };
    case "finishRun":
      await writer!.finishRun(call.finished, call.end);
      return done;
  }
}

function describe(error: unknown): ThreadError {
  if (error instanceof AppError)
    return { code: error.code, message: error.message, hint: error.hint, stack: undefined };
  const known = error instanceof Error ? error : new Error(String(error));
  return { code: undefined, message: known.message, hint: undefined, stack: known.stack };
}
