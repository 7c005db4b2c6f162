import { ByteDictionary } from "../decode/dense/dictionary.ts";
import type { BadLine } from "../decode/decoder.ts";
import { FlowBatch } from "../decode/flow-batch.ts";
import {
  NOT_ASKED,
  type LookedUpBatch,
  type PolicyLookup,
  type LookupTable,
} from "../evaluate/lookup/policy-lookup.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { FilterMatch } from "../policy/filters.ts";
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
  readonly matches: readonly FilterMatch[];
  readonly lookups: readonly PolicyLookup[];
}

/** A batch on its way between threads: its buffer and those of `lookups` and `addr6` are moved, not copied. */
export interface BatchMessage {
  readonly kind: "batch";
  readonly rows: number;
  readonly buffer: ArrayBuffer;
  readonly lookups: Uint32Array;
  readonly addr6: Uint32Array;
  readonly names: NewNames | null;
}

interface BadLinesMessage {
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

interface RetryMessage {
  readonly kind: "retry";
  readonly what: string;
}

interface NoteMessage {
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
  | { readonly kind: "return"; readonly buffers: readonly ArrayBuffer[]; readonly lookups: readonly ArrayBuffer[] }
  | { readonly kind: "stop" };

/** The consumer's own numbering of names, shared by all readers. */
export interface SharedNames {
  readonly interfaces: ByteDictionary;
  readonly accounts: ByteDictionary;
  readonly table: LookupTable;
}

/** Translates the numbers of one reader into the shared ones, in place. */
export interface Translator {
  translate(message: BatchMessage): LookedUpBatch;
}

export function createTranslator(names: SharedNames, presetInterfaces: number): Translator {
  const interfaces: number[] = [];
  const accounts: number[] = [];
  const matches: number[] = [];
  let lookups = new Uint32Array(64);
  let lookupCount = 0;
  // Readers that met the same names in the same order need no rewriting.
  let sameInterfaces = true;
  let sameAccounts = true;
  let sameLookups = true;

  const place = (match: number): number => (match === NOT_ASKED ? NOT_ASKED : matches[match]);
  const learn = (fresh: NewNames): void => {
    for (const name of fresh.interfaces) {
      const id = names.interfaces.idOf(name);
      sameInterfaces &&= id === presetInterfaces + interfaces.length;
      interfaces.push(id);
    }
    for (const name of fresh.accounts) {
      const id = names.accounts.idOf(name);
      sameAccounts &&= id === accounts.length;
      accounts.push(id);
    }
    for (const match of fresh.matches) matches.push(names.table.internMatch(match));
    for (const lookup of fresh.lookups) {
      const shared: PolicyLookup = {
        ...lookup,
        naclIn: place(lookup.naclIn),
        naclOut: place(lookup.naclOut),
        sgIfLocal: place(lookup.sgIfLocal),
        sgIfRemote: place(lookup.sgIfRemote),
        others: lookup.others.map((other) => lookups[other]),
      };
      if (lookupCount === lookups.length) {
        const larger = new Uint32Array(lookups.length * 2);
        larger.set(lookups);
        lookups = larger;
      }
      const id = names.table.internLookup(shared);
      sameLookups &&= id === lookupCount;
      lookups[lookupCount++] = id;
    }
  };

  return {
    translate(message) {
      if (message.names) learn(message.names);
      const batch = new FlowBatch(message.buffer);
      batch.rows = message.rows;
      batch.addr6 = message.addr6;
      batch.addr6Length = message.addr6.length;
      if (!sameInterfaces) {
        for (let row = 0; row < batch.rows; row++) {
          const own = batch.interfaceId[row];
          if (own >= presetInterfaces) batch.interfaceId[row] = interfaces[own - presetInterfaces];
        }
      }
      if (!sameAccounts)
        for (let row = 0; row < batch.rows; row++) batch.accountId[row] = accounts[batch.accountId[row]];
      if (!sameLookups) for (let row = 0; row < batch.rows; row++) message.lookups[row] = lookups[message.lookups[row]];
      return { batch, lookups: message.lookups };
    },
  };
}
