import { tarMembers, type Member } from "./containers/tar.ts";
import { inflate } from "./containers/gzip.ts";
import { type Container, containerOf, isBinary } from "./containers/kinds.ts";
import { createUnpackBudget, DamagedInput, type UnpackBudget } from "./containers/limits.ts";
import { peek, skip } from "./containers/peek.ts";
import type { Unpack } from "./containers/streams.ts";
import { unpackBase64, unpackUtf16 } from "./containers/text-layers.ts";
import type { DecoderOptions, DecodeSink, DecodeTotals, ObjectDecoder } from "./decoder.ts";
import { PERMISSION_CHECK } from "./line-decoder.ts";
import { createTextDecoder } from "./text.ts";

export interface DecodeObjectOptions extends DecoderOptions {
  readonly sink: DecodeSink & {
    /** Awaited between chunks: resolves when the consumer wants more. */
    ready?(): Promise<void>;
  };
  /** Limit of an object's unpacked size, 64 GiB unless given. */
  readonly maxInflatedBytes?: number;
}

/** Bytes looked at to tell the format: at least the first line, unless it is longer. */
const HEAD_BYTES = 1 << 16;
/** A subscription delivers gzip, which Firehose may pack once more, and somebody into an archive that is packed itself. */
const MAX_LAYERS = 6;
const EMPTY = new Uint8Array(0);
const PARQUET = Buffer.from("PAR1");

/**
 * Decodes one object, whatever its format, which its first bytes tell. Damage is never fatal: a truncated or corrupt
 * object gives its records up to there and one bad line for the rest. Rejects only when `chunks` does.
 */
export async function decodeObject(
  chunks: AsyncIterable<Uint8Array>,
  options: DecodeObjectOptions,
): Promise<Pick<DecodeTotals, "records" | "badLines">> {
  const whole = { ...options, budget: createUnpackBudget(options.maxInflatedBytes) };
  const { records, badLines } = await decodeLayers(chunks, whole, []);
  return { records, badLines };
}

interface LayerOptions extends DecodeObjectOptions {
  readonly budget: UnpackBudget;
}

type Layer = Container["kind"];

/** Decodes what is packed in `layers`, the outermost first. */
async function decodeLayers(
  chunks: AsyncIterable<Uint8Array>,
  options: LayerOptions,
  around: readonly Layer[],
): Promise<DecodeTotals> {
  let decoder: ObjectDecoder | null = null;
  const layers = [...around];
  try {
    let input = await peek(chunks, HEAD_BYTES);
    // AWS tries its permission by writing these words; a concatenated export begins with them.
    if (containerOf(afterPermissionCheck(input.head)) !== null)
      input = await peek(skip(input.chunks, PERMISSION_CHECK.length), HEAD_BYTES);
    for (let container = containerOf(input.head); container !== null; container = containerOf(input.head)) {
      const { kind } = container;
      // One context unpacks all xz of a thread.
      const tooDeep = layers.length === MAX_LAYERS || (kind === "xz" && layers.includes("xz"));
      if (kind === "foreign" || tooDeep) {
        const what = kind === "foreign" ? container.what : `${[...layers, kind].join(" in ")}, too many layers`;
        options.sink.note?.(`${what}: unpack or convert it first`);
        return foreign(options, what);
      }
      layers.push(kind);
      if (kind === "tar" || kind === "zip") return await decodeMembers(kind, input.chunks, options, layers);
      input = await peek((await unpackerOf(kind))(input.chunks, options.budget), HEAD_BYTES);
    }
    decoder = await createDecoder(input.head, options);
    for await (const chunk of input.chunks) {
      decoder.push(chunk);
      await options.sink.ready?.();
    }
    await decoder.finish();
  } catch (error) {
    if (!(error instanceof DamagedInput)) throw error;
    decoder ??= createTextDecoder(options);
    if (error.reported) await decoder.finish();
    else decoder.abort(error.reason);
    error.reported = true;
  }
  return decoder.totals();
}

function foreign({ sink }: DecoderOptions, what: string): DecodeTotals {
  sink.badLine({ line: 1, reason: "unreadable_container", text: what });
  return { records: 0, badLines: 1, lines: 1 };
}

async function unpackerOf(kind: "gzip" | "zstd" | "bzip2" | "xz" | "utf16le" | "utf16be" | "base64"): Promise<Unpack> {
  switch (kind) {
    case "gzip":
      return inflate;
    case "base64":
      return unpackBase64;
    case "utf16le":
      return unpackUtf16("utf-16le");
    case "utf16be":
      return unpackUtf16("utf-16be");
    default: {
      const { unpackBzip2, unpackXz, unpackZstd } = await import("./containers/streams.ts");
      return { zstd: unpackZstd, bzip2: unpackBzip2, xz: unpackXz }[kind];
    }
  }
}

/** The files of an archive one after the other, each with a format and a header of its own. Their lines count on. */
async function decodeMembers(
  kind: "tar" | "zip",
  chunks: AsyncIterable<Uint8Array>,
  options: LayerOptions,
  layers: readonly Layer[],
): Promise<DecodeTotals> {
  const sum = { records: 0, badLines: 0, lines: 0 };
  const add = ({ records, badLines, lines }: DecodeTotals): void => {
    sum.records += records;
    sum.badLines += badLines;
    sum.lines += lines;
  };
  const passedOver: string[] = [];
  const failed = (error: unknown): void => {
    if (!(error instanceof DamagedInput)) throw error;
    if (error.reported) return;
    error.reported = true;
    options.sink.badLine({ line: sum.lines + 1, reason: error.reason, text: "" });
    add({ records: 0, badLines: 1, lines: 1 });
  };
  try {
    for await (const { name, chunks: content } of await membersOf(kind, chunks, options.budget)) {
      if (isHidden(name)) passedOver.push(name);
      else add(await decodeLayers(content, { ...options, sink: sinkFrom(options.sink, sum.lines) }, layers));
    }
  } catch (error) {
    failed(error);
  }
  if (passedOver.length > 0) {
    const more = passedOver.length === 1 ? "" : ` and ${passedOver.length - 1} more`;
    options.sink.note?.(`set aside hidden files in the archive: ${passedOver[0]}${more}`);
  }
  return sum;
}

async function membersOf(
  kind: "tar" | "zip",
  chunks: AsyncIterable<Uint8Array>,
  budget: UnpackBudget,
): Promise<AsyncGenerator<Member>> {
  if (kind === "tar") return tarMembers(chunks);
  const { zipMembers } = await import("./containers/zip.ts");
  return zipMembers(chunks, budget);
}

/** Files that macOS adds to an archive, and others that a folder as a source would set aside, too. */
function isHidden(name: string): boolean {
  return name.split("/").some((part) => (part.startsWith(".") && part !== "." && part !== "..") || part === "__MACOSX");
}

/** A sink for a member whose first line is `before` + 1. */
function sinkFrom(sink: DecodeObjectOptions["sink"], before: number): DecodeObjectOptions["sink"] {
  return {
    allocate: () => sink.allocate(),
    batch(batch) {
      for (let row = 0; row < batch.rows; row++) batch.line[row] += before;
      sink.batch(batch);
    },
    badLine: (bad) => sink.badLine({ ...bad, line: bad.line + before }),
    ready: async () => sink.ready?.(),
    note: (text) => sink.note?.(text),
  };
}

/** The formats that few objects have are loaded when they are met. */
async function createDecoder(head: Uint8Array, options: DecodeObjectOptions): Promise<ObjectDecoder> {
  if (PARQUET.every((byte, index) => head[index] === byte)) {
    const { createParquetDecoder } = await import("./parquet.ts");
    return createParquetDecoder({ ...options, ready: () => options.sink.ready?.() ?? Promise.resolve() });
  }
  if (isBinary(head)) throw new DamagedInput("binary_data");
  const text = new TextDecoder("latin1")
    .decode(head)
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .replace(/^[\r\n ]+/, "");
  const newline = text.indexOf("\n");
  const firstLine = newline < 0 ? text : text.slice(0, newline);
  // A record as a string, one a line, is JSON, too.
  if (/^\s*[[{]/.test(text) || /^"[^"\t]* [^"\t]*"\s*$/.test(firstLine)) {
    const { createJsonDecoder } = await import("./json.ts");
    return createJsonDecoder(options);
  }
  if (text.includes("\t")) {
    const { createCliTextDecoder, isCliText } = await import("./cli-text.ts");
    if (isCliText(text)) return createCliTextDecoder(options);
  }
  if (/[,;"@\t|]/.test(firstLine)) {
    const { createCsvDecoder, csvDialectOf } = await import("./csv.ts");
    const dialect = csvDialectOf(firstLine, options.fields);
    if (dialect) return createCsvDecoder(options, dialect);
  }
  return createTextDecoder(options);
}

function afterPermissionCheck(head: Uint8Array): Uint8Array {
  return PERMISSION_CHECK.every((byte, index) => head[index] === byte) ? head.subarray(PERMISSION_CHECK.length) : EMPTY;
}
