import { ByteDictionary } from "../decode/dictionary.ts";
import { FlowBatch } from "../decode/flow-batch.ts";
import { NOT_ASKED, type ReadBatch, type Reading, type ReadingTable } from "../evaluate/reading.ts";
import type { BatchMessage, NewNames } from "./messages.ts";

/** The consumer's own numbering of names, shared by all readers. */
export interface SharedNames {
  readonly interfaces: ByteDictionary;
  readonly accounts: ByteDictionary;
  readonly table: ReadingTable;
}

/** Translates the numbers of one reader into the shared ones, in place. */
export interface Translator {
  translate(message: BatchMessage): ReadBatch;
}

export function createTranslator(names: SharedNames, presetInterfaces: number): Translator {
  const interfaces: number[] = [];
  const accounts: number[] = [];
  const matches: number[] = [];
  let readings = new Uint32Array(64);
  let readingCount = 0;
  // Readers that met the same names in the same order need no rewriting.
  let sameInterfaces = true;
  let sameAccounts = true;
  let sameReadings = true;

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
    for (const reading of fresh.readings) {
      const shared: Reading = {
        ...reading,
        naclIn: place(reading.naclIn),
        naclOut: place(reading.naclOut),
        sgIfLocal: place(reading.sgIfLocal),
        sgIfRemote: place(reading.sgIfRemote),
        others: reading.others.map((other) => readings[other]),
      };
      if (readingCount === readings.length) {
        const larger = new Uint32Array(readings.length * 2);
        larger.set(readings);
        readings = larger;
      }
      const id = names.table.internReading(shared);
      sameReadings &&= id === readingCount;
      readings[readingCount++] = id;
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
      if (!sameReadings)
        for (let row = 0; row < batch.rows; row++) message.readings[row] = readings[message.readings[row]];
      return { batch, readings: message.readings };
    },
  };
}
