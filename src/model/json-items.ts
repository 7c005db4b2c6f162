/** The items of a list, of which each is parsed when it is asked for and lives no longer than whoever asked needs it. */
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

  /** Throws what `parseAll` throws where the item is not JSON: then the whole text is not. */
  item(at: number): unknown {
    try {
      return parse(this.text, this.offsets[2 * at], this.offsets[2 * at + 1]);
    } catch (error) {
      this.parseAll(this.text);
      throw error;
    }
  }
}

/** `JSON.parse` of a whole text, with errors as its caller wants them. */
type ParseAll = (text: Buffer) => unknown;

/**
 * Parses JSON in UTF-8, except that lists of the outermost object under such a key are `JsonItems`. Otherwise the JSON of a
 * hundred thousand interfaces would live beside the model that is made of it: 90 MiB, which V8's collector copies as well.
 */
export function parseWithItems(text: Buffer, isList: (key: string) => boolean, parseAll: ParseAll): unknown {
  return splitObject(text, isList, parseAll) ?? parseAll(text);
}

function parse(text: Buffer, from: number, to: number): unknown {
  return JSON.parse(text.toString("utf8", from, to));
}

/** Null where the text is not an object, not JSON, or too deep. */
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
      // Of two lists of one name JSON.parse takes the last; nobody would ask for the items of the first, broken or not.
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

/** The items of the list that begins here, and where it ends; null where there is none, or none that is to be split. */
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

/** Deepest nesting that is taken: whoever walks through what JSON.parse has read may need a call a level. */
const DEEPEST = 1000;

/** Whether a text that is JSON is nested deeper than any configuration. */
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
 * Where the value ends that begins here; the same place where there is none, or one that is too deep. Brackets are counted and not told apart, and
 * nothing else is looked at: whether what stands in between is JSON, `JSON.parse` says.
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

/** Things whose text is made at a time. */
const PIECE = 1000;

/** The JSON of a list in pieces: of a hundred thousand interfaces it is a hundred megabytes, which nobody needs at once. */
export function* listPieces(things: Iterable<unknown>): Generator<string> {
  let open = "[";
  let piece: unknown[] = [];
  for (const thing of things) {
    piece.push(thing);
    if (piece.length < PIECE) continue;
    yield open + inner(piece);
    open = ",";
    piece = [];
  }
  yield (piece.length > 0 ? open + inner(piece) : open === "[" ? open : "") + "]";
}

function inner(things: readonly unknown[]): string {
  return JSON.stringify(things).slice(1, -1);
}
