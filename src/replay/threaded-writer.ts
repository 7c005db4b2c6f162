import type { Worker } from "node:worker_threads";
import { AppError } from "../errors.ts";
import type { StoredIdentities } from "../evaluate/duplicates.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { Column } from "../store/columns.ts";
import type { EvidenceWriter, UsedBuffers } from "../store/evidence-writer.ts";
import type { Result } from "../store/evidence-query.ts";
import type { StoredState } from "../store/stored-state.ts";
import type { BeginOptions, BegunEvidence, ModelledEvidence } from "./evidence-file.ts";
import pLimit from "p-limit";
import type { ThreadError, WriterCall, WriterReply } from "./writer-messages.ts";

/** On this thread, which loads DuckDB only when it is first asked. */
export function evidenceOnThisThread(): ModelledEvidence {
  const loaded = import("./evidence-file.ts").then(({ createModelledEvidence }) => createModelledEvidence());
  return {
    readModel: async (path) => (await loaded).readModel(path),
    async open(path) {
      const file = await (await loaded).open(path);
      const begin = async (options: BeginOptions): Promise<BegunEvidence> => {
        const { policy, writer } = await file.begin(options);
        return { policy, writer: inOrder(writer) };
      };
      return { ...file, begin };
    },
  };
}

/** The same methods, each begun when those asked for before are done, as a thread of its own would; queries excepted. */
export function inOrder<T extends object>(target: T): T {
  const inTurn = pLimit(1);
  const ordered = Object.entries(target).map(([name, member]: [string, unknown]) => {
    if (typeof member !== "function" || name === "query") return [name, member];
    return [
      name,
      (...args: unknown[]) => inTurn(() => (member as (...args: unknown[]) => unknown).apply(target, args)),
    ];
  });
  return Object.fromEntries(ordered) as T;
}

/** On the writer's thread. `threads.lost`: why it has ended already. */
export function evidenceOnThread(worker: Worker, threads: { readonly lost: Error | null }): ModelledEvidence {
  const waiting = new Map<number, { resolve(reply: WriterReply): void; reject(error: Error): void }>();
  let last = 0;
  worker.on("message", ({ id, reply, error }: { id: number; reply: WriterReply; error?: ThreadError }) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(revive(error));
    else call?.resolve(reply);
  });
  worker.on("error", (error) => {
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  });
  const ask = (call: WriterCall, transfer: ArrayBuffer[] = []): Promise<WriterReply> =>
    new Promise((resolve, reject) => {
      if (threads.lost) return reject(threads.lost);
      waiting.set(++last, { resolve, reject });
      worker.postMessage({ id: last, call }, transfer);
    });
  return {
    readModel: async (path) => (await ask({ method: "readModel", path })) as readonly string[],
    async open(path) {
      const state = (await ask({ method: "open", path })) as StoredState;
      const close = async (): Promise<void> => void (await ask({ method: "close" }));
      return {
        state,
        close,
        async begin(options) {
          const policy = (await ask({ method: "begin", options })) as CompiledPolicy;
          return { policy, writer: threadedWriter(ask, state, policy, close) };
        },
      };
    },
  };
}

type Ask = (call: WriterCall, transfer?: ArrayBuffer[]) => Promise<WriterReply>;

function threadedWriter(
  ask: Ask,
  state: StoredState,
  policy: CompiledPolicy,
  close: () => Promise<void>,
): EvidenceWriter {
  return {
    ledger: state.ledger,
    objects: state.objects,
    answers: state.answers,
    interfaceIds: policy.interfaceIds,
    nextObjectId: state.nextObject,
    nextJudgement: state.nextJudgement,
    nextRuleSet: state.nextRuleSet,
    close,
    startRun: async (run) => void (await ask({ method: "startRun", run })),
    async appendFlows(objectId, batch, judgements) {
      const { rows, buffer, addr6 } = batch;
      const call = { method: "appendFlows", objectId, rows, buffer, addr6, judgements } as const;
      const transfer = [buffer, judgements.buffer as ArrayBuffer, addr6.buffer as ArrayBuffer];
      return (await ask(call, transfer)) as UsedBuffers;
    },
    async appendFacts(facts) {
      const columns: Column[] = [facts.activity, facts.coverage, facts.traffic].flatMap((one) => [...one.columns]);
      const buffers = columns.flatMap(({ values, valid }) => [values.buffer, ...(valid ? [valid.buffer] : [])]);
      await ask({ method: "appendFacts", facts }, [...new Set(buffers as ArrayBuffer[])]);
    },
    appendBadLines: async (objectId, bad) => void (await ask({ method: "appendBadLines", objectId, bad })),
    identities: async (buckets) => (await ask({ method: "identities", buckets })) as StoredIdentities,
    prepare: async (changes) => void (await ask({ method: "prepare", changes })),
    replaceTracker: async (frame) => void (await ask({ method: "replaceTracker", frame })),
    appendTracker: async (chunk) => void (await ask({ method: "appendTracker", chunk }, [chunk.buffer as ArrayBuffer])),
    commit: async (finished) => void (await ask({ method: "commit", finished })),
    query: async (sql, parameters = {}) => (await ask({ method: "query", sql, parameters })) as Result,
    finishRun: async (finished, end) => void (await ask({ method: "finishRun", finished, end })),
  };
}

function revive({ code, message, hint, stack }: ThreadError): Error {
  if (code !== undefined) return new AppError(code, message, { hint });
  const error = new Error(message);
  error.stack = stack ?? error.stack;
  return error;
}
