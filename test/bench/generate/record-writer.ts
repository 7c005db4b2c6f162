import { createRandom } from "./random.ts";

/** Bytes of one event at most: four records with the v5 fields. */
const LONGEST_EVENT = 4096;
/** Records that are put into random order together, as the interfaces of a VPC deliver independently. */
const BUFFER_BYTES = 1 << 20;

/** Writes lines of numbers and prepared bytes. */
export interface RecordWriter {
  /** Total bytes written. */
  readonly written: number;
  text(text: string): void;
  raw(bytes: Uint8Array): void;
  number(value: number): void;
  /** Dotted quad of an unsigned number. */
  quad(address: number): void;
  space(): void;
  /** Ends the line; true when it is time to `take`. */
  newline(): boolean;
  /** The lines since the last call in random order, as memory of its own. */
  take(): Uint8Array;
}

export function createRecordWriter(seed: number): RecordWriter {
  const random = createRandom(seed);
  const buffer = new Uint8Array(BUFFER_BYTES);
  const ends = new Uint32Array(BUFFER_BYTES / 32);
  let lines = 0;
  let at = 0;
  let taken = 0;
  const number = (value: number): void => {
    let length = 1;
    for (let limit = 10; value >= limit; limit *= 10) length++;
    let rest = value;
    for (let place = at + length - 1; place >= at; place--) {
      const next = Math.floor(rest / 10);
      buffer[place] = 48 + rest - next * 10;
      rest = next;
    }
    at += length;
  };
  const octet = (value: number): void => {
    if (value >= 100) buffer[at++] = 48 + ((value * 41) >> 12);
    const tens = value % 100;
    if (value >= 10) buffer[at++] = 48 + ((tens * 205) >> 11);
    buffer[at++] = 48 + (tens % 10);
  };
  return {
    get written() {
      return taken + at;
    },
    text(text) {
      for (let index = 0; index < text.length; index++) buffer[at++] = text.charCodeAt(index);
    },
    raw(source) {
      for (let index = 0; index < source.length; index++) buffer[at++] = source[index];
    },
    number,
    quad(address) {
      octet(address >>> 24);
      buffer[at++] = 46;
      octet((address >>> 16) & 255);
      buffer[at++] = 46;
      octet((address >>> 8) & 255);
      buffer[at++] = 46;
      octet(address & 255);
    },
    space() {
      buffer[at++] = 32;
    },
    newline() {
      buffer[at++] = 10;
      ends[lines++] = at;
      return at > BUFFER_BYTES - LONGEST_EVENT;
    },
    take() {
      const order = Uint32Array.from({ length: lines }, (_, index) => index);
      for (let index = lines - 1; index > 0; index--) {
        const other = random.below(index + 1);
        const line = order[index];
        order[index] = order[other];
        order[other] = line;
      }
      const shuffled = new Uint8Array(at);
      let to = 0;
      for (const line of order) {
        const from = line === 0 ? 0 : ends[line - 1];
        shuffled.set(buffer.subarray(from, ends[line]), to);
        to += ends[line] - from;
      }
      taken += at;
      at = 0;
      lines = 0;
      return shuffled;
    },
  };
}
