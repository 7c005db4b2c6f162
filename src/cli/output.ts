import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { extname } from "node:path";
import { Option } from "commander";
import { AppError } from "../errors.ts";
import { createPseudonyms, type Pseudonyms } from "../report/pseudonyms/pseudonyms.ts";
import { pseudonymisedReader } from "../report/pseudonyms/results.ts";
import { type OutputFormat, RENDERERS } from "../report/renderers/formats.ts";
import type { RenderOptions } from "../report/renderers/renderer.ts";
import type { Reader } from "../store/reader.ts";
import { styleFor } from "./colors.ts";

/** Options shared by the commands that print rows. */
export interface OutputOptions {
  readonly output?: OutputFormat;
  readonly o?: string;
}

export const outputOption = (): Option =>
  new Option("--output <format>", "how to print the rows (default: table, or by the suffix of -o)").choices(
    Object.keys(RENDERERS),
  );

export const fileOption = (): Option => new Option("-o <file>", "write to a file instead of the terminal");

export const pseudonymiseOption = (): Option =>
  new Option(
    "--pseudonymise <file>",
    "replace addresses, ids and names by stable fakes; the file holds the secret behind them",
  );

/** Null without a file. Throws `E_USAGE` when it cannot be read or holds no secret. */
export function readPseudonyms(file: string | undefined): Pseudonyms | null {
  if (file === undefined) return null;
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw new AppError("E_USAGE", `cannot read the secret file: ${error instanceof Error ? error.message : file}`, {
      cause: error,
    });
  }
  return createPseudonyms(content, file);
}

/** The reader itself, or one that knows pseudonyms only. */
export function readerWith(pseudonyms: Pseudonyms | null, reader: Reader): Reader {
  return pseudonyms === null ? reader : pseudonymisedReader(reader, pseudonyms);
}

export const databaseOption = (): Option => new Option("--db <file>", "the evidence file").default("flowreplay.duckdb");

const SUFFIXES: Readonly<Record<string, OutputFormat>> = { ".json": "json", ".csv": "csv", ".md": "markdown" };

export function chosenFormat({ output, o }: OutputOptions): OutputFormat {
  return output ?? (o === undefined ? "table" : (SUFFIXES[extname(o).toLowerCase()] ?? "table"));
}

/** The page is no renderer of rows: commands that can make one offer it beside the formats of rows. */
export type PageFormat = OutputFormat | "html";

export const pageOutputOption = (): Option =>
  new Option(
    "--output <format>",
    "how to print (default: table, or by the suffix of -o); html is a page of its own",
  ).choices([...Object.keys(RENDERERS), "html"]);

export function chosenPageFormat({ output, o }: { readonly output?: PageFormat; readonly o?: string }): PageFormat {
  if (output === "html" || (output === undefined && o !== undefined && extname(o).toLowerCase() === ".html"))
    return "html";
  return chosenFormat({ output, o });
}

/** Width and style of the place the text goes to; a file is 80 columns of plain text. */
export function renderOptions({ o }: { readonly o?: string }): RenderOptions {
  if (o !== undefined) return { width: 80, style: styleFor({}) };
  return { width: process.stdout.isTTY ? process.stdout.columns || 80 : 80, style: styleFor(process.stdout) };
}

/** Writes the pieces to stdout, or to a file that appears only when it is complete. */
export async function writeOutput(pieces: AsyncIterable<string>, file: string | undefined): Promise<void> {
  if (file === undefined) {
    for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, "drain");
    return;
  }
  const partial = `${file}.${process.pid}.partial`;
  try {
    await pipeline(pieces, createWriteStream(partial, { flags: "wx" }));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof Error && "syscall" in error) {
      throw new AppError("E_USAGE", `cannot write ${file}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
