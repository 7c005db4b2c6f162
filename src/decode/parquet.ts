import { gunzipSync } from "node:zlib";
import {
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { compressors, type Compressors } from "hyparquet-compressors";

import { createLineDecoder, type LineDecoder, type LineDecoderOptions } from "./line-decoder.ts";
import { columnsAt, columnsNamed, createNamedRows, type NamedRows } from "./named-rows.ts";
import type { ObjectDecoder } from "./object-decoder.ts";
import { checkColumn } from "./parquet-check.ts";

/** Largest object taken: the footer at its end must be known first. AWS's own have up to 75 MB of text in five minutes. */
export const LARGEST_PARQUET = 512 * 2 ** 20;
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
export function createParquetDecoder(options: LineDecoderOptions & { ready?(): Promise<void> }): ObjectDecoder {
  const lines = createLineDecoder(options);
  const rows = createNamedRows(lines);
  const parts: Uint8Array[] = [];
  let size = 0;
  return {
    push(chunk) {
      size += chunk.length;
      if (size > LARGEST_PARQUET) parts.length = 0;
      else parts.push(Uint8Array.from(chunk));
    },
    async finish() {
      if (size > LARGEST_PARQUET) lines.badText(1, "parquet_too_large", "");
      else await decode(joined(parts), lines, rows, options.ready);
      lines.rows.flush();
    },
    abort(reason) {
      lines.badText(1, reason, "");
    },
    get records() {
      return lines.records;
    },
    get badLines() {
      return lines.badLines;
    },
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
): Promise<void> {
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
    return;
  }
  const columns = columnsNamed(names, []);
  if (columns === null) {
    lines.badText(1, "no_usable_field", names.join(" "));
    return;
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
