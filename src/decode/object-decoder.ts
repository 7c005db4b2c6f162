/** Turns the bytes of one object, cut anywhere, into batches and bad lines. */
export interface ObjectDecoder {
  /** `chunk` may be reused afterwards. */
  push(chunk: Uint8Array): void;
  /** The end: what is left is decoded and the last batch handed over. */
  finish(): void | Promise<void>;
  /** The end of an object that broke off: what is left of a record is bad for `reason`. */
  abort(reason: string): void;
  readonly records: number;
  readonly badLines: number;
}
