import type { BadLine } from "../decode/decoder.ts";
import type { ErrorCode } from "../errors.ts";
import type { StoredIdentities } from "../evaluate/duplicates.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { Changes, UsedBuffers } from "../store/evidence-writer.ts";
import type { FactColumns } from "../store/fact-columns.ts";
import type { Parameters, Result } from "../store/evidence-query.ts";
import type { FinishedObject, RunEnd, RunRecord } from "../store/run-rows.ts";
import type { StoredState, TrackerFrame } from "../store/stored-state.ts";
import type { BeginOptions } from "./evidence-file.ts";

/** The calls of an evidence writer as plain data, for the thread that carries them out. */
export type WriterCall =
  | { readonly method: "readModel"; readonly path: string }
  | { readonly method: "open"; readonly path: string }
  | { readonly method: "begin"; readonly options: BeginOptions }
  | { readonly method: "startRun"; readonly run: RunRecord }
  | {
      readonly method: "appendFlows";
      readonly objectId: number;
      readonly rows: number;
      readonly buffer: ArrayBuffer;
      readonly addr6: Uint32Array;
      readonly judgements: Uint32Array;
    }
  | { readonly method: "appendFacts"; readonly facts: FactColumns }
  | { readonly method: "appendBadLines"; readonly objectId: number; readonly bad: readonly BadLine[] }
  | { readonly method: "identities"; readonly buckets: readonly number[] }
  | { readonly method: "prepare"; readonly changes: Changes }
  | { readonly method: "replaceTracker"; readonly frame: TrackerFrame }
  | { readonly method: "appendTracker"; readonly chunk: Uint8Array }
  | { readonly method: "commit"; readonly finished: readonly FinishedObject[] }
  | { readonly method: "finishRun"; readonly finished: readonly FinishedObject[]; readonly end: RunEnd }
  | { readonly method: "query"; readonly sql: string; readonly parameters: Parameters }
  | { readonly method: "close" };

export type WriterReply =
  | readonly string[]
  | StoredState
  | CompiledPolicy
  | StoredIdentities
  | UsedBuffers
  | Result
  | null;

/** An error on its way between threads. */
export interface ThreadError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}
