/** Longest JSON value taken, in bytes: a subscription document has 1 MiB at most, a page of query results 5 MB. */
const LONGEST_VALUE = 16 * 2 ** 20;

/** Deepest nesting taken: a flow log has three levels, and what is nested tens of thousands deep can be parsed but not written. */
const DEEPEST = 100;

/** Lists that are read element by element, however long: of subscriptions, of `aws logs` answers, of exports. */
const LIST_KEY = /"(?:logEvents|events|results|records|Records|Messages)"\s*:\s*$/;
const LIST_KEY_BYTES = 64;
const TEXT_BYTES = 1000;

const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
/** After these the next line belongs to the value. */
const GOES_ON: ReadonlySet<number> = new Set([OPEN_LIST, OPEN_OBJECT, COMMA, 58]);
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

export interface JsonValueSink {
  /** A whole value: an object, an array or a string, not parsed yet; or lines of which one broke off. */
  value(text: string): void;
  /** What is no value: the rest of a line, or the beginning of a value that broke off, is too long or too deep. */
  bad(reason: "invalid_json" | "json_too_long" | "json_too_deep", text: string): void;
}

/** Cuts a JSON text into values without holding more than one of them. */
export interface JsonCutter {
  push(chunk: Uint8Array): void;
  /** The end; returns what is left of an unfinished value, unless that was bad already. */
  finish(): string;
}

/**
 * Values may follow each other in any way: one a line, without separator, as elements of an array or of a list in an
 * object (LIST_KEY; the rest of that object is dropped). A line end within a string means that the value broke off
 * there, and so does one within a value after values that had a line of their own.
 */
export function createJsonCutter(sink: JsonValueSink): JsonCutter {
  let buffer = new Uint8Array(1 << 12);
  let used = 0;
  // Containers that are read element by element: an array around everything, a list within an object.
  let inArray = false;
  let inList = false;
  // The value being read: nothing yet when `depth` is 0 and neither flag is set.
  let depth = 0;
  let inString = false;
  let escaped = false;
  let stray = false;
  let dropping = false;
  let spansLines = false;
  let valuesOnLines = 0;
  // The last byte of the value that is no blank, and whether a line ended right after it.
  let lastByte = 0;
  let atLineStart = false;

  const text = (bytes = used): string => Buffer.from(buffer.buffer, 0, Math.min(bytes, used)).toString("utf8");
  const tail = (): string => Buffer.from(buffer.subarray(Math.max(0, used - LIST_KEY_BYTES), used)).toString("latin1");
  const save = (chunk: Uint8Array, from: number, to: number): void => {
    if (dropping || to <= from) return;
    const length = used + to - from;
    if (length > LONGEST_VALUE) {
      sink.bad("json_too_long", text(TEXT_BYTES));
      dropping = true;
      return;
    }
    if (length > buffer.length) {
      const grown = new Uint8Array(Math.max(length, buffer.length * 2));
      grown.set(buffer.subarray(0, used));
      buffer = grown;
    }
    buffer.set(chunk.subarray(from, to), used);
    used = length;
  };
  /** Bytes up to `to` have begun another level; true where that is one too many. */
  const isTooDeep = (chunk: Uint8Array, from: number, to: number): boolean => {
    if (depth <= DEEPEST || dropping) return false;
    save(chunk, from, to);
    if (!dropping) sink.bad("json_too_deep", text(TEXT_BYTES));
    return (dropping = true);
  };
  const clear = (): void => {
    used = depth = 0;
    inString = escaped = stray = dropping = spansLines = atLineStart = false;
  };
  const complete = (): void => {
    const value = dropping ? null : text();
    valuesOnLines = spansLines ? -Infinity : valuesOnLines + 1;
    clear();
    if (value !== null) sink.value(value);
  };
  const brokenOff = (): void => {
    const rest = dropping ? null : text(TEXT_BYTES);
    clear();
    if (rest !== null) sink.bad("invalid_json", rest.trimEnd());
  };
  const isBetween = (): boolean => depth === 0 && !inString && !stray;

  /** A byte outside all values; true when it begins one. */
  const begin = (byte: number): boolean => {
    if (byte <= 32 || byte === COMMA || BYTE_ORDER_MARK.includes(byte)) return false;
    if (byte === OPEN_LIST && !inArray && !inList) {
      inArray = true;
      return false;
    }
    if (byte === CLOSE_LIST && inList) {
      // The object around the list has said what it had to say.
      inList = false;
      depth = 1;
      dropping = true;
      return false;
    }
    if (byte === CLOSE_LIST && inArray) {
      inArray = false;
      return false;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth = 1;
    else if (byte === QUOTE) inString = true;
    else stray = true;
    return true;
  };

  return {
    push(chunk) {
      // Bytes of the value that are not in the buffer yet begin here.
      let from = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (atLineStart) {
          atLineStart = false;
          // Values that are one to a line begin with their line; parts of a value that has many are indented.
          if (byte === OPEN_OBJECT && !isBetween() && !GOES_ON.has(lastByte)) {
            save(chunk, from, at);
            complete();
            valuesOnLines = 0;
          }
        }
        if (byte > 32) lastByte = byte;
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) {
            inString = false;
            if (depth > 0) continue;
            save(chunk, from, at + 1);
            complete();
          } else if (byte === NEWLINE) {
            save(chunk, from, at);
            brokenOff();
          }
        } else if (isBetween()) {
          if (begin(byte)) from = at;
        } else if (byte === NEWLINE) {
          if (!stray && valuesOnLines <= 0) {
            spansLines = atLineStart = true;
            continue;
          }
          save(chunk, from, at);
          brokenOff();
        } else if (stray) {
          // Numbers and the like end at a comma where elements are expected.
          if (!(inArray || inList) || (byte !== COMMA && byte !== CLOSE_LIST)) continue;
          save(chunk, from, at);
          brokenOff();
          begin(byte);
        } else if (byte === QUOTE) {
          inString = true;
        } else if (byte === OPEN_OBJECT) {
          depth++;
          if (isTooDeep(chunk, from, at + 1)) from = at + 1;
        } else if (byte === OPEN_LIST) {
          if (depth++ > 1 || inList || dropping) {
            if (isTooDeep(chunk, from, at + 1)) from = at + 1;
            continue;
          }
          save(chunk, from, at);
          from = at;
          if (!LIST_KEY.test(tail())) continue;
          clear();
          inList = true;
        } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
          if (--depth > 0) continue;
          save(chunk, from, at + 1);
          complete();
        }
      }
      if (!isBetween()) save(chunk, from, chunk.length);
    },
    finish() {
      // What is being given up has been reported.
      const rest = dropping ? "" : text();
      clear();
      return rest;
    },
  };
}
