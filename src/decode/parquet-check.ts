import type { ColumnMetaData, SchemaElement } from "hyparquet";
import type { Compressors } from "hyparquet-compressors";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";

/** Largest page taken, in bytes: writers make pages of 1 MiB. */
const LARGEST_PAGE = 256 * 2 ** 20;
const TYPES = new Set(["INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY", "BOOLEAN"]);

/** A column without repetition: a value a row, or none. */
export interface Leaf {
  readonly element: SchemaElement;
  readonly path: readonly string[];
  /** How many of the path's elements may be absent. */
  readonly levels: number;
}

/**
 * Walks the pages of a column before hyparquet reads them, because it believes counts that it finds: one damaged byte
 * makes it fill gigabytes. Checked are page sizes, counts of values, and the runs of levels and dictionary indices.
 * Throws an Error with what is wrong; `rows` is the number of rows of the group.
 */
export function checkColumn(
  file: Uint8Array,
  { element, levels }: Leaf,
  meta: ColumnMetaData,
  rows: number,
  compressors: Compressors,
): void {
  if (!TYPES.has(meta.type) || meta.type !== element.type) throw new Error(`${element.name} has type ${meta.type}`);
  const levelWidth = 32 - Math.clz32(levels);
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
      if (levels > 0) {
        at = 4 + new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
        checkRuns(page.subarray(4, at), levelWidth, count);
      }
      checkIndices(page.subarray(at), header.data_page_header?.encoding, meta.type, count);
      seen += count;
    } else if (header.type === "DATA_PAGE_V2") {
      const v2 = header.data_page_header_v2;
      const count = atMost(v2?.num_values, rows - seen, "values of a page");
      if (v2 === undefined || v2.num_rows !== count) throw new Error("a page with other rows than values");
      atMost(v2.num_nulls, count, "absent values of a page");
      atMost(v2.repetition_levels_byte_length, 0, "repetition levels");
      const levelBytes = atMost(v2.definition_levels_byte_length, Math.min(packed, size), "definition levels");
      if (levels > 0) checkRuns(file.subarray(start + from, start + from + levelBytes), levelWidth, count);
      const values = v2.is_compressed
        ? unpack(from + levelBytes, packed - levelBytes, size - levelBytes)
        : file.subarray(start + from + levelBytes, start + from + packed);
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

/** Values that writers add to fill up the last bit-packed run without writing all of them. */
const MOST_PADDING = 255;

/**
 * Checks that runs of the RLE and bit-packing hybrid hold no more values than the page has. The last bit-packed run may be
 * filled up to any length within the bytes: DuckDB fills up to 2,048 values.
 */
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
    const length = packed ? (values / 8) * width : Math.ceil(width / 8);
    const isWithin = packed && width > 0 && at + length <= bytes.length;
    if (!isWithin) atMost(values, count - seen + (packed ? MOST_PADDING : 0), "values of a run");
    at += length;
    seen += values;
  }
}
