import { gunzipSync } from "node:zlib";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { compressors, type Compressors } from "hyparquet-compressors";
import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { createLineDecoder, type LineDecoder } from "./line-decoder.ts";
import { columnsNamed, columnsRead, createNamedRows, type NamedRows } from "./named-rows.ts";
import { checkColumn, type Leaf } from "./parquet-check.ts";

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
      lines.finish();
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
  let leaves: readonly Leaf[];
  let names: readonly string[];
  try {
    metadata = await parquetMetadataAsync(file);
    leaves = parquetSchema(metadata).children.flatMap((column) => leavesOf(column, 0));
    names = leaves.map(({ path }) => path.join("."));
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
  rows.use(columns);
  const read = columnsRead(columns);
  const own = onlyColumns(
    metadata,
    read.map((at) => leaves[at]),
  );
  let first = 0;
  for (const group of own.row_groups) {
    const count = Number(group.num_rows);
    try {
      const valueAt = await readGroup(bytes, file, own, group, leaves, read);
      for (let row = 0; row < count; row++) {
        const values: unknown[] = leaves.map(() => undefined);
        for (const at of read) values[at] = valueAt(at, row);
        rows.row(values, first + row + 1);
      }
    } catch (error) {
      lines.badText(first + 1, "invalid_parquet", messageOf(error));
    }
    if (count > 0) first += count;
    await ready?.();
  }
  return Math.max(1, first);
}

/** The columns of one value a row: those of structures, too, but not those of lists and maps. */
function leavesOf({ element, children, path }: SchemaTree, above: number): Leaf[] {
  if (element.repetition_type === "REPEATED") return [];
  const levels = above + (element.repetition_type === "OPTIONAL" ? 1 : 0);
  return children.length === 0 ? [{ element, path, levels }] : children.flatMap((child) => leavesOf(child, levels));
}

/** The file as if it had no other columns, so that nothing of a structure is read but what is wanted. */
function onlyColumns(metadata: FileMetaData, leaves: readonly Leaf[]): FileMetaData {
  const wanted = new Set(leaves.map(({ path }) => path.join(".")));
  const keep = (node: SchemaTree): SchemaTree[] => {
    if (node.children.length === 0) return wanted.has(node.path.join(".")) ? [node] : [];
    const children = node.children.flatMap(keep);
    return children.length === 0 ? [] : [{ ...node, children }];
  };
  const list = ({ element, children }: SchemaTree): FileMetaData["schema"] => [
    children.length === 0 ? element : { ...element, num_children: children.length },
    ...children.flatMap(list),
  ];
  const row_groups = metadata.row_groups.map((group) => ({
    ...group,
    columns: group.columns.filter(({ meta_data: meta }) => wanted.has(meta?.path_in_schema.join(".") ?? "")),
  }));
  return { ...metadata, schema: list(keep(parquetSchema(metadata))[0]), row_groups };
}

/** The values of one row group, by the number of their column and the row. */
async function readGroup(
  bytes: Uint8Array,
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: RowGroup,
  leaves: readonly Leaf[],
  read: readonly number[],
): Promise<(column: number, row: number) => unknown> {
  const rowEnd = Number(group.num_rows);
  if (!(rowEnd >= 0 && rowEnd <= MOST_ROWS_IN_GROUP)) throw new Error(`a row group of ${rowEnd} rows`);
  for (const leaf of read.map((at) => leaves[at])) {
    const name = leaf.path.join(".");
    const chunk = group.columns.find(({ meta_data: meta }) => meta?.path_in_schema.join(".") === name);
    if (!chunk?.meta_data) throw new Error(`a row group without ${name}`);
    checkColumn(bytes, leaf, chunk.meta_data, rowEnd, UNPACK);
  }
  const columns = [...new Set(read.map((at) => leaves[at].path[0]))];
  const own = { ...metadata, num_rows: group.num_rows, row_groups: [group] };
  const scan = await parquetScan({ file, metadata: own, columns, compressors: UNPACK, useOffsetIndex: false });
  const values = new Map<string, ArrayLike<unknown>>();
  for (const column of columns) values.set(column, await scan.readColumn({ column, rowStart: 0, rowEnd }));
  return (column, row) => {
    const [first, ...inner] = leaves[column].path;
    let value: unknown = values.get(first)![row];
    for (const name of inner) value = (value as Record<string, unknown> | null | undefined)?.[name];
    return value;
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
