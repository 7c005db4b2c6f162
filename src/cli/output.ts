import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { Option } from "commander";
import picocolors from "picocolors";
import { AppError } from "../errors.ts";
import type { ScriptFormat } from "../report/change-scripts.ts";
import type { FindingFormat } from "../report/findings/audit.ts";
import {
  createPseudonyms,
  pseudonymisedQuery,
  pseudonymisedResult,
  type Pseudonyms,
} from "../report/pseudonyms/pseudonyms.ts";
import { type OutputFormat, RENDERERS } from "../report/renderers/formats.ts";
import type { RenderOptions, Style } from "../report/renderers/renderer.ts";
import type { EvidenceQuery, Result, ResultStream } from "../store/evidence-query.ts";
import { type MinDays, readOptionFile } from "./options.ts";
import { writeToStdout } from "./streams.ts";

/** Options shared by the commands that print rows. */
export interface OutputOptions {
  readonly output?: OutputFormat;
  readonly o?: string;
}

export const fileOption = (): Option => new Option("-o <file>", "write to a file instead of the terminal");

export const pseudonymiseOption = (): Option =>
  new Option(
    "--pseudonymise <file>",
    "replace addresses, ids and names with stable fakes; the file holds the secret for them",
  );

/** Null without a file. Throws `E_USAGE` when it cannot be read or holds no secret. */
export function readPseudonyms(file: string | undefined): Pseudonyms | null {
  if (file === undefined) return null;
  return createPseudonyms(readOptionFile(file, "the secret file"), file);
}

/** The evidence itself, or one whose results hold only pseudonyms. */
export function queryWith(pseudonyms: Pseudonyms | null, evidence: EvidenceQuery): EvidenceQuery {
  return pseudonyms === null ? evidence : pseudonymisedQuery(evidence, pseudonyms);
}

/** The narrower rules that a whole audit proposes, with pseudonyms; null without any. */
export async function proposalsFor(
  pseudonyms: Pseudonyms | null,
  { db, minDays }: { readonly db: string } & MinDays,
): Promise<Result | null> {
  const { tightenProposals } = await import("../report/tighten.ts");
  const result = await tightenProposals(db, minDays);
  return pseudonyms === null || result === null ? result : pseudonymisedResult(result, pseudonyms);
}

const SUFFIXES: Readonly<Record<string, OutputFormat>> = { ".json": "json", ".csv": "csv", ".md": "markdown" };

export function chosenFormat({ output, o }: OutputOptions): OutputFormat {
  return output ?? (o === undefined ? "table" : (SUFFIXES[extname(o).toLowerCase()] ?? "table"));
}

/** Reports and `lint` also write findings. */
export type LintFormat = OutputFormat | FindingFormat;
export type ReportFormat = LintFormat | "html";

const FINDING_FORMATS: readonly FindingFormat[] = ["sarif", "ocsf", "asff"];
const SCRIPT_FORMATS: readonly ScriptFormat[] = ["cli", "terraform", "edit"];

const BY_SUFFIX = "(default: table, or by the suffix of -o)";

/** The formats of a command besides those of rows, and the help. */
const OUTPUTS = {
  rows: { more: [], help: `format of the rows ${BY_SUFFIX}` },
  findings: { more: FINDING_FORMATS, help: `format ${BY_SUFFIX}; sarif, ocsf and asff write findings` },
  reports: {
    more: ["html", ...FINDING_FORMATS],
    help: `format ${BY_SUFFIX}; html is one page; sarif, ocsf and asff write findings`,
  },
  changes: {
    more: SCRIPT_FORMATS,
    help: `format ${BY_SUFFIX}; cli, terraform and edit (JSON for what-if) include their undo`,
  },
} as const;

export function outputOption(writes: keyof typeof OUTPUTS): Option {
  const { more, help } = OUTPUTS[writes];
  return new Option("--output <format>", help).choices([...Object.keys(RENDERERS), ...more]);
}

export function isScriptFormat(format: string | undefined): format is ScriptFormat {
  return SCRIPT_FORMATS.some((one) => one === format);
}

export interface ReportOutput {
  readonly output?: ReportFormat;
  readonly o?: string;
}

export function chosenReportFormat({ output, o }: ReportOutput): ReportFormat {
  const suffix = o === undefined ? "" : extname(o).toLowerCase();
  if (output === undefined && suffix === ".html") return "html";
  if (output === undefined && suffix === ".sarif") return "sarif";
  return output ?? chosenFormat({ o });
}

export function isFindingFormat(format: ReportFormat): format is FindingFormat {
  return FINDING_FORMATS.some((one) => one === format);
}

/** Width and style of where the text goes; a file has 80 columns and no colours. */
export function renderOptions({ o }: { readonly o?: string }): RenderOptions {
  if (o !== undefined) return { width: 80, style: styleFor({}) };
  return { width: process.stdout.isTTY ? process.stdout.columns || 80 : 80, style: styleFor(process.stdout) };
}

/** Writes rows in the chosen format. */
export async function writeRows(rows: ResultStream, options: OutputOptions): Promise<void> {
  await writeOutput(RENDERERS[chosenFormat(options)](rows, renderOptions(options)), options.o);
}

/** Writes the text to stdout, or to a file that appears only when it is complete. */
export async function writeOutput(text: string | AsyncIterable<string>, file: string | undefined): Promise<void> {
  const pieces = typeof text === "string" ? [text] : text;
  if (file === undefined) {
    await writeToStdout(pieces);
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

/** Colours only on a terminal, and never with `NO_COLOR` (no-color.org). */
function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const colours = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const { bold, dim } = picocolors.createColors(colours);
  return { bold, dim };
}
