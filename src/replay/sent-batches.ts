import { ByteDictionary } from "../decode/dense/dictionary.ts";
import type { Dictionaries } from "../decode/dense/scan.ts";
import { BATCH_ROWS, type BatchBuffers, batchOver, type FlowBatch } from "../decode/flow-batch.ts";
import { createBatchLookup } from "../evaluate/lookup/batch-lookup.ts";
import {
  createLookupTable,
  type LookedUpBatch,
  type LookupTable,
  NOT_ASKED,
  type PolicyLookup,
} from "../evaluate/lookup/policy-lookup.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { FilterMatch } from "../policy/filters.ts";

// Batches on their way from a reader to the consumer. Each reader numbers names as it meets them; the consumer translates.

/** A batch with the policy's lookup of each row. Numbers are the reader's own. Its buffers are moved, not copied. */
export interface SentBatch extends BatchBuffers {
  readonly lookups: Uint32Array;
  readonly names: NewNames | null;
}

/** What the consumer gives back when it is done with a batch. */
export interface ReturnedBuffers {
  readonly batch: ArrayBuffer;
  readonly lookups: ArrayBuffer;
}

/** Names that a batch is the first to use. */
interface NewNames {
  readonly interfaces: readonly string[];
  readonly accounts: readonly string[];
  readonly further: readonly string[];
  readonly matches: readonly FilterMatch[];
  readonly lookups: readonly PolicyLookup[];
}

/**
 * Looks batches up in the policy and packs them for the consumer. `decoded`: the names behind the numbers of the batches,
 * in the order in which they were met. `spareLookups`: buffers that the consumer is done with.
 */
export function createBatchPacker(
  policy: CompiledPolicy,
  decoded: Dictionaries,
  spareLookups: ArrayBuffer[],
): (batch: FlowBatch) => SentBatch {
  const table = createLookupTable();
  const lookup = createBatchLookup(policy, table, decoded.accounts.strings);
  // The policy's interfaces come first, with its own numbers.
  const interfaces = new ByteDictionary(policy.interfaceIds);
  const numbers: number[] = [];
  const sent = { interfaces: interfaces.size, accounts: 0, further: 1, matches: 0, lookups: 0 };

  const renumber = ({ interfaceId, rows }: FlowBatch): void => {
    const { strings } = decoded.interfaces;
    while (numbers.length < strings.length) numbers.push(interfaces.idOf(strings[numbers.length]));
    for (let row = 0; row < rows; row++) interfaceId[row] = numbers[interfaceId[row]];
  };

  const newNames = (): NewNames | null => {
    const names = {
      interfaces: interfaces.strings.slice(sent.interfaces),
      accounts: decoded.accounts.strings.slice(sent.accounts),
      further: decoded.further.sets.strings.slice(sent.further),
      matches: table.matches.slice(sent.matches),
      lookups: table.lookups.slice(sent.lookups),
    };
    sent.interfaces = interfaces.size;
    sent.accounts = decoded.accounts.size;
    sent.further = decoded.further.sets.size;
    sent.matches = table.matches.length;
    sent.lookups = table.lookups.length;
    return Object.values(names).some((list) => list.length > 0) ? names : null;
  };

  return (batch) => {
    const lookups = new Uint32Array(spareLookups.pop() ?? new ArrayBuffer(BATCH_ROWS * 4));
    renumber(batch);
    lookup.lookUp(batch, lookups);
    const { rows, buffer } = batch;
    return { rows, buffer, addr6: batch.addr6.slice(0, batch.addr6Length), lookups, names: newNames() };
  };
}

/** The consumer's own numbering of names, shared by all readers. */
export interface SharedNames {
  readonly interfaces: ByteDictionary;
  readonly accounts: ByteDictionary;
  /** Sets of further fields; the evidence file numbers them from `furtherBase` on. */
  readonly further: ByteDictionary;
  readonly furtherBase: number;
  readonly table: LookupTable;
}

/**
 * Translates the numbers of one reader into the shared ones, in place. `presetInterfaces`: how many the policy has, which
 * have the same numbers everywhere.
 */
export function createTranslator(names: SharedNames, presetInterfaces: number): (sent: SentBatch) => LookedUpBatch {
  const interfaces: number[] = [];
  const accounts: number[] = [];
  const further = [0];
  const matches: number[] = [];
  let sharedLookups = new Uint32Array(64);
  let lookupCount = 0;
  // Readers that met the same names in the same order need no rewriting.
  let sameInterfaces = true;
  let sameAccounts = true;
  let sameLookups = true;

  const sharedMatch = (match: number): number => (match === NOT_ASKED ? NOT_ASKED : matches[match]);
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
    for (const text of fresh.further) further.push(names.furtherBase + names.further.idOf(text));
    for (const match of fresh.matches) matches.push(names.table.internMatch(match));
    for (const lookup of fresh.lookups) {
      const shared: PolicyLookup = {
        ...lookup,
        naclIn: sharedMatch(lookup.naclIn),
        naclOut: sharedMatch(lookup.naclOut),
        sgIfLocal: sharedMatch(lookup.sgIfLocal),
        sgIfRemote: sharedMatch(lookup.sgIfRemote),
        others: lookup.others.map((other) => sharedLookups[other]),
      };
      if (lookupCount === sharedLookups.length) {
        const larger = new Uint32Array(lookupCount * 2);
        larger.set(sharedLookups);
        sharedLookups = larger;
      }
      const id = names.table.internLookup(shared);
      sameLookups &&= id === lookupCount;
      sharedLookups[lookupCount++] = id;
    }
  };

  return (sent) => {
    if (sent.names) learn(sent.names);
    const batch = batchOver(sent);
    const { rows, interfaceId, accountId } = batch;
    const { lookups } = sent;
    if (!sameInterfaces) {
      for (let row = 0; row < rows; row++) {
        const own = interfaceId[row];
        if (own >= presetInterfaces) interfaceId[row] = interfaces[own - presetInterfaces];
      }
    }
    if (!sameAccounts) for (let row = 0; row < rows; row++) accountId[row] = accounts[accountId[row]];
    // Formats without such fields never have a set.
    if (further.length > 1) for (let row = 0; row < rows; row++) batch.further[row] = further[batch.further[row]];
    if (!sameLookups) for (let row = 0; row < rows; row++) lookups[row] = sharedLookups[lookups[row]];
    return { batch, lookups };
  };
}
