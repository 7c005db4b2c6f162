import type { BadLine } from "../decode/flow-batch.ts";
import type { Reading } from "../evaluate/reading.ts";
import type { CompiledPolicy } from "../policy/compile/compile.ts";
import type { Match } from "../policy/compile/filters.ts";
import type { AwsOptions, SourceObject } from "../source/source.ts";

/** What a reader needs to know to read objects. Plain data: it is posted to the worker thread as it is. */
export interface ReaderSetup {
  /** Field list of headerless text, in record order; null: the default format. */
  readonly fields: readonly string[] | null;
  readonly aws: AwsOptions;
}

/** Names that a batch is the first to use; its numbers are the reader's own until the receiver translates them. */
export interface NewNames {
  readonly interfaces: readonly string[];
  readonly accounts: readonly string[];
  readonly matches: readonly Match[];
  readonly readings: readonly Reading[];
}

/** A batch on its way between threads: its buffer and those of `readings` and `addr6` are moved, not copied. */
export interface BatchMessage {
  readonly kind: "batch";
  readonly rows: number;
  readonly buffer: ArrayBuffer;
  readonly readings: Uint32Array;
  readonly addr6: Uint32Array;
  readonly names: NewNames | null;
}

export interface BadLinesMessage {
  readonly kind: "bad";
  readonly lines: readonly BadLine[];
}

export interface EndMessage {
  readonly kind: "end";
  readonly records: number;
  readonly badLines: number;
  /** Unix seconds; null without records that have times. */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

export interface RetryMessage {
  readonly kind: "retry";
  readonly what: string;
}

export interface NoteMessage {
  readonly kind: "note";
  readonly text: string;
}

export interface FailureMessage {
  readonly kind: "failure";
  readonly error: { code: string | null; message: string; hint: string | null; stack: string | null };
}

/** From a reader, in the order of the object's lines; `end` or `failure` closes an object. */
export type ReaderMessage = BatchMessage | BadLinesMessage | EndMessage | RetryMessage | NoteMessage | FailureMessage;

/**
 * To a reader: what it needs to know, first of all; the policy, without which it sends nothing; an object to read, or
 * buffers that come back (each is a permission to send another batch).
 */
export type ReaderRequest =
  | { readonly kind: "setup"; readonly setup: ReaderSetup }
  | { readonly kind: "policy"; readonly policy: CompiledPolicy }
  | { readonly kind: "read"; readonly object: SourceObject }
  | { readonly kind: "return"; readonly buffers: readonly ArrayBuffer[]; readonly readings: readonly ArrayBuffer[] }
  | { readonly kind: "stop" };
