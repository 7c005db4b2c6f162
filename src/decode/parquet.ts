import { gunzipSync } from "node:zlib";
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type DecodedArray,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { compressors, type Compressors } from "hyparquet-compressors";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { createLineDecoder, type LineDecoder } from "./line-decoder.ts";
import { columnsAt, columnsNamed, createNamedRows, type NamedRows } from "./named-rows.ts";

/** Largest object taken: the footer at its end must be known first. AWS's own have up to 75 MB of text in five minutes. */
const LARGEST_PARQUET = 512 * 2 ** 20;
const MOST_ROWS_IN_GROUP = 16_000_000;

/** zlib unpacks pages three times as fast as the JavaScript of hyparquet-compressors. */
const UNPACK: Compressors = { ...compressors, GZIP: gunzipPage };

function gunzipPage(input: Uint8Array, length: number): Uint8Array {
  return gunzipSync(input, { maxOutputLength: Math.max(1, length) });
}

/**
 * Decodes Parquet: columns with hyphens or underscores, numbers of any width, NULL or `-` for an absent value. The whole
 * object is held. The line of a record is its row, from 1. A row group that cannot be read is one bad line.
 */
export function createParquetDecoder(options: DecoderOptions & { ready?(): Promise<void> }): ObjectDecoder {
  const lines = createLineDecoder(options);
  const rows = createNamedRows(lines);
  const parts: Uint8Array[] = [];
  let size = 0;
  let count = 1;
  return {
    push(chunk) {
      size += chunk.length;
      if (size > LARGEST_PARQUET) parts.length = 0;
      else parts.push(Uint8Array.from(chunk));
    },
    async finish() {
      if (size > LARGEST_PARQUET) lines.badText(1, "parquet_too_large", "");
      else count = await decode(joined(parts), lines, rows, options.ready);
      lines.rows.flush();
    },
    abort(reason) {
      lines.badText(1, reason, "");
    },
    totals: () => ({ ...lines.totals(), lines: count }),
  };
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts.splice(0)) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function decode(
  bytes: Uint8Array<ArrayBuffer>,
  lines: LineDecoder,
  rows: NamedRows,
  ready?: () => Promise<void>,
): Promise<number> {
  const file: AsyncBuffer = { byteLength: bytes.length, slice: (from, to) => bytes.buffer.slice(from, to) };
  let metadata: FileMetaData;
  let schema: readonly SchemaTree[];
  let names: readonly string[];
  try {
    metadata = await parquetMetadataAsync(file);
    schema = parquetSchema(metadata).children;
    names = schema.map((column) => String(column.element.name));
    if (!Array.isArray(metadata.row_groups)) throw new Error("no row groups");
  } catch (error) {
    lines.badText(1, "invalid_parquet", messageOf(error));
    return 1;
  }
  const columns = columnsNamed(names, []);
  if (columns === null) {
    lines.badText(1, "no_usable_field", names.join(" "));
    return 1;
  }
  const read = (columns.kind === "message" ? [columns.at] : columns.at).map((at) => schema[at]);
  rows.use(columns.kind === "message" ? { ...columns, width: 1, at: 0 } : columnsAt(columns.names));
  let first = 0;
  for (const group of metadata.row_groups) {
    const count = Number(group.num_rows);
    try {
      const values = await readGroup(bytes, file, metadata, group, read);
      for (let row = 0; row < count; row++) {
        rows.row(
          values.map((column) => column[row]),
          first + row + 1,
        );
      }
    } catch (error) {
      lines.badText(first + 1, "invalid_parquet", messageOf(error));
    }
    if (count > 0) first += count;
    await ready?.();
  }
  return Math.max(1, first);
}

/** The values of one row group, a column each. */
async function readGroup(
  bytes: Uint8Array,
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: RowGroup,
  columns: readonly SchemaTree[],
): Promise<DecodedArray[]> {
  const rowEnd = Number(group.num_rows);
  if (!(rowEnd >= 0 && rowEnd <= MOST_ROWS_IN_GROUP)) throw new Error(`a row group of ${rowEnd} rows`);
  for (const column of columns) {
    const chunk = group.columns.find(({ meta_data: meta }) => meta?.path_in_schema[0] === column.element.name);
    if (!chunk?.meta_data) throw new Error(`a row group without ${column.element.name}`);
    checkColumn(bytes, column, chunk.meta_data, rowEnd, UNPACK);
  }
  const names = columns.map((column) => column.element.name);
  const own = { ...metadata, num_rows: group.num_rows, row_groups: [group] };
  const scan = await parquetScan({ file, metadata: own, columns: names, compressors: UNPACK, useOffsetIndex: false });
  return Promise.all(names.map((column) => scan.readColumn({ column, rowStart: 0, rowEnd })));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Largest page taken, in bytes: writers make pages of 1 MiB. */
const LARGEST_PAGE = 256 * 2 ** 20;
const TYPES = new Set(["INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY", "BOOLEAN"]);

/**
 * Walks the pages of a column before hyparquet reads them, because it believes counts that it finds: one damaged byte
 * makes it fill gigabytes. Checked are page sizes, counts of values, and the runs of levels and dictionary indices.
 * Throws an Error with what is wrong; `rows` is the number of rows of the group.
 */
function checkColumn(
  file: Uint8Array,
  { element, children }: SchemaTree,
  meta: ColumnMetaData,
  rows: number,
  compressors: Compressors,
): void {
  // A list or a structure under a flow log field's name.
  if (children.length > 0 || element.repetition_type === "REPEATED")
    throw new Error(`${element.name} is no plain column`);
  if (!TYPES.has(meta.type) || meta.type !== element.type) throw new Error(`${element.name} has type ${meta.type}`);
  const optional = element.repetition_type === "OPTIONAL";
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
  const length = Number(meta.total_compressed_size);
  // Throws a RangeError when the file does not reach so far.
  const reader = { view: new DataView(file.buffer, file.byteOffset + start, length), offset: 0 };
  const unpack = (from: number, packed: number, unpacked: number): Uint8Array =>
    decompressPage(file.subarray(start + from, start + from + packed), unpacked, meta.codec, compressors);
  let seen = 0;
  while (seen < rows) {
    const header = parquetHeader(reader);
    const packed = header.compressed_page_size;
    const size = header.uncompressed_page_size;
    atMost(packed, length - reader.offset, "page size");
    atMost(size, LARGEST_PAGE, "unpacked page size");
    const from = reader.offset;
    reader.offset += packed;
    if (header.type === "DICTIONARY_PAGE") {
      // Every value takes a byte at least, but for booleans, which nobody puts into a dictionary.
      atMost(header.dictionary_page_header?.num_values, size, "dictionary size");
    } else if (header.type === "DATA_PAGE") {
      const count = atMost(header.data_page_header?.num_values, rows - seen, "values of a page");
      const page = unpack(from, packed, size);
      let at = 0;
      if (optional) {
        at = 4 + new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
        checkRuns(page.subarray(4, at), 1, count);
      }
      checkIndices(page.subarray(at), header.data_page_header?.encoding, meta.type, count);
      seen += count;
    } else if (header.type === "DATA_PAGE_V2") {
      const v2 = header.data_page_header_v2;
      const count = atMost(v2?.num_values, rows - seen, "values of a page");
      if (v2 === undefined || v2.num_rows !== count) throw new Error("a page with other rows than values");
      atMost(v2.num_nulls, count, "absent values of a page");
      atMost(v2.repetition_levels_byte_length, 0, "repetition levels");
      const levels = atMost(v2.definition_levels_byte_length, Math.min(packed, size), "definition levels");
      checkRuns(file.subarray(start + from, start + from + levels), 1, count);
      const values = v2.is_compressed
        ? unpack(from + levels, packed - levels, size - levels)
        : file.subarray(start + from + levels, start + from + packed);
      checkIndices(values, v2.encoding, meta.type, count);
      seen += count;
    } else {
      throw new Error("a page of unknown type");
    }
  }
}

function atMost(value: number | undefined, limit: number, what: string): number {
  if (value === undefined || !(value >= 0 && value <= limit)) throw new Error(`${what}: ${value}`);
  return value;
}

function checkIndices(bytes: Uint8Array, encoding: string | undefined, type: string, count: number): void {
  if (type === "BOOLEAN" && encoding === "RLE") checkRuns(bytes.subarray(4), 1, count);
  else if (encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY" || encoding === "RLE") {
    if (bytes.length > 0 && bytes[0] > 0)
      checkRuns(bytes.subarray(1), atMost(bytes[0], 32, "width of an index"), count);
  }
}

/** Values that writers add at most to fill up a bit-packed run: DuckDB fills up to 256, others to eight. */
const MOST_PADDING = 255;

/** Checks that runs of the RLE and bit-packing hybrid hold no more values than the page has, padding aside. */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  let at = 0;
  for (let seen = 0; seen < count && at < bytes.length;) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length || shift > 28) throw new Error("a run without end");
      const byte = bytes[at++];
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const packed = header % 2 === 1;
    const values = packed ? Math.floor(header / 2) * 8 : Math.floor(header / 2);
    atMost(values, count - seen + (packed ? MOST_PADDING : 0), "values of a run");
    at += packed ? (values / 8) * width : Math.ceil(width / 8);
    seen += values;
  }
}
