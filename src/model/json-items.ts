/** The items of a JSON list. Each is parsed when it is asked for and not kept. */
export class JsonItems {
  private readonly text: Buffer;
  /** Beginning and end of each item in the text. */
  private readonly offsets: readonly number[];
  private readonly parseAll: ParseAll;

  constructor(text: Buffer, offsets: readonly number[], parseAll: ParseAll) {
    this.text = text;
    this.offsets = offsets;
    this.parseAll = parseAll;
  }

  get length(): number {
    return this.offsets.length / 2;
  }

  /** Throws what `parseAll` throws when the item is not JSON. */
  item(at: number): unknown {
    try {
      return parse(this.text, this.offsets[2 * at], this.offsets[2 * at + 1]);
    } catch (error) {
      this.parseAll(this.text);
      throw error;
    }
  }
}

/** Parses a whole text, with the errors that the caller wants. */
type ParseAll = (text: Buffer) => unknown;

/**
 * Parses JSON in UTF-8. Lists of the outermost object whose key passes `isList` become `JsonItems`: parsed at once, the JSON
 * of a hundred thousand interfaces takes 90 MiB beside the model that is made of it.
 */
export function parseWithItems(text: Buffer, isList: (key: string) => boolean, parseAll: ParseAll): unknown {
  return splitObject(text, isList, parseAll) ?? parseAll(text);
}

function parse(text: Buffer, from: number, to: number): unknown {
  return JSON.parse(text.toString("utf8", from, to));
}

/** Null where the text is not an object, is not JSON, or is nested too deep. */
function splitObject(text: Buffer, isList: (key: string) => boolean, parseAll: ParseAll): object | null {
  let at = skipSpace(text, 0);
  if (text[at] !== BRACE_OPEN) return null;
  const entries: [string, unknown][] = [];
  try {
    do {
      const keyAt = skipSpace(text, at + 1);
      if (text[keyAt] !== QUOTE) return null;
      const keyEnd = endOfValue(text, keyAt);
      const colon = skipSpace(text, keyEnd);
      if (text[colon] !== COLON) return null;
      const key = parse(text, keyAt, keyEnd) as string;
      // JSON.parse takes the last of two lists of one name; a damaged item of the first would go unnoticed here.
      if (entries.some(([before]) => before === key)) return null;
      const valueAt = skipSpace(text, colon + 1);
      const list = isList(key) ? splitList(text, valueAt, parseAll) : null;
      const valueEnd = list?.end ?? endOfValue(text, valueAt);
      entries.push([key, list?.items ?? parse(text, valueAt, valueEnd)]);
      at = skipSpace(text, valueEnd);
    } while (text[at] === COMMA);
  } catch {
    return null;
  }
  const ends = text[at] === BRACE_CLOSE && skipSpace(text, at + 1) === text.length;
  return ends ? Object.fromEntries(entries) : null;
}

/** The items of the list that begins here, and where it ends. Null for an empty list, and where no list begins. */
function splitList(text: Buffer, open: number, parseAll: ParseAll): { items: JsonItems; end: number } | null {
  if (text[open] !== BRACKET_OPEN) return null;
  const offsets: number[] = [];
  let at = open;
  do {
    const start = skipSpace(text, at + 1);
    const end = endOfValue(text, start);
    if (end === start) return null;
    offsets.push(start, end);
    at = skipSpace(text, end);
  } while (text[at] === COMMA);
  return text[at] === BRACKET_CLOSE ? { items: new JsonItems(text, offsets, parseAll), end: at + 1 } : null;
}

/** The deepest nesting that is accepted, because code that walks through a document may need one call a level. */
const DEEPEST = 1000;

/** True for a JSON text that is nested deeper than any configuration. */
export function isTooDeep(text: Buffer): boolean {
  const start = skipSpace(text, 0);
  return endOfValue(text, start) === start;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/** White space of JSON (RFC 8259, section 2). */
function skipSpace(text: Buffer, from: number): number {
  let at = from;
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at++;
  return at;
}

/**
 * Where the value that begins here ends; `from` itself where there is none, or one that is too deep. It only counts brackets
 * and skips strings; `JSON.parse` checks what is between them.
 */
function endOfValue(text: Buffer, from: number): number {
  const length = text.length;
  let depth = 0;
  for (let at = from; at < length; at++) {
    const code = text[at];
    if (code === QUOTE) {
      for (at++; at < length && text[at] !== QUOTE; at++) if (text[at] === BACKSLASH) at++;
      if (depth === 0) return at + 1;
    } else if (code === BRACE_OPEN || code === BRACKET_OPEN) {
      if (++depth > DEEPEST) return from;
    } else if (code === BRACE_CLOSE || code === BRACKET_CLOSE) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || code === COLON)) return at;
  }
  return length;
}

/** Items of one piece of text. */
const PIECE = 1000;

/** The JSON of a list in pieces: that of a hundred thousand interfaces is a hundred megabytes long. */
export function* listPieces(items: Iterable<unknown>): Generator<string> {
  let open = "[";
  let piece: unknown[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < PIECE) continue;
    yield open + inner(piece);
    open = ",";
    piece = [];
  }
  yield (piece.length > 0 ? open + inner(piece) : open === "[" ? open : "") + "]";
}

function inner(items: readonly unknown[]): string {
  return JSON.stringify(items).slice(1, -1);
}
