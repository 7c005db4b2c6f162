import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { Option } from "commander";
import picocolors from "picocolors";
import { AppError } from "../errors.ts";
import type { FindingFormat } from "../report/findings/formats.ts";
import {
  createPseudonyms,
  pseudonymisedQuery,
  pseudonymisedResult,
  type Pseudonyms,
} from "../report/pseudonyms/pseudonyms.ts";
import { type OutputFormat, RENDERERS } from "../report/renderers/formats.ts";
import type { RenderOptions, Style } from "../report/renderers/renderer.ts";
import type { EvidenceQuery, Result } from "../store/evidence-query.ts";

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

/** The evidence query itself, or one that knows pseudonyms only. */
export function queryWith(pseudonyms: Pseudonyms | null, evidence: EvidenceQuery): EvidenceQuery {
  return pseudonyms === null ? evidence : pseudonymisedQuery(evidence, pseudonyms);
}

/** The same for a result that came another way. */
export function resultWith(pseudonyms: Pseudonyms | null, result: Result | null): Result | null {
  return pseudonyms === null || result === null ? result : pseudonymisedResult(result, pseudonyms);
}

const SUFFIXES: Readonly<Record<string, OutputFormat>> = { ".json": "json", ".csv": "csv", ".md": "markdown" };

export function chosenFormat({ output, o }: OutputOptions): OutputFormat {
  return output ?? (o === undefined ? "table" : (SUFFIXES[extname(o).toLowerCase()] ?? "table"));
}

/** Forms of findings, which reports and `lint` offer beside those of rows. */
export type LintFormat = OutputFormat | FindingFormat;
/** The page is no renderer of rows either: commands that can make one offer it as well. */
export type ReportFormat = LintFormat | "html";

const FINDING_FORMATS: readonly FindingFormat[] = ["sarif", "ocsf", "asff"];

export const findingOutputOption = (): Option =>
  new Option(
    "--output <format>",
    "how to print (default: table, or by the suffix of -o); sarif, ocsf and asff write findings",
  ).choices([...Object.keys(RENDERERS), ...FINDING_FORMATS]);

export const reportOutputOption = (): Option =>
  new Option(
    "--output <format>",
    "how to print (default: table, or by the suffix of -o); html is a page of its own; sarif, ocsf and asff write findings",
  ).choices([...Object.keys(RENDERERS), "html", ...FINDING_FORMATS]);

export function chosenReportFormat({
  output,
  o,
}: {
  readonly output?: ReportFormat;
  readonly o?: string;
}): ReportFormat {
  const suffix = o === undefined ? "" : extname(o).toLowerCase();
  if (output === undefined && suffix === ".html") return "html";
  if (output === undefined && suffix === ".sarif") return "sarif";
  return output ?? chosenFormat({ o });
}

export function isFindingFormat(format: ReportFormat): format is FindingFormat {
  return FINDING_FORMATS.some((one) => one === format);
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

/** Colours for a stream: only on a terminal, never with `NO_COLOR` (no-color.org). */
function colorsFor(stream: { readonly isTTY?: boolean }): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb");
}

/** The two marks that renderers use. */
function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const { bold, dim } = colorsFor(stream);
  return { bold, dim };
}
