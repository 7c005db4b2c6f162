import { open, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { glob } from "tinyglobby";
import { isTooDeep, parseWithItems } from "./json-items.ts";
import { modelError, type Notes, show } from "./messages.ts";
import { SCHEMAS } from "./schema.ts";

/** The files of one snapshot. */
export interface SnapshotFiles {
  readonly name: string;
  readonly since: number | null;
  readonly files: readonly string[];
}

/** `2026-11-01T00-00-00Z` as `snapshot` writes it. Colons, no separators, and a date alone are read as well. */
const TIME_NAME = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2})[-:]?(\d{2})(?:[-:]?(\d{2})(?:\.\d+)?)?Z?)?$/;

/**
 * The snapshots of a path, in order of time. A file or folder is one snapshot without a time; a folder with folders named by
 * time is a history.
 * @throws AppError E_MODEL when the path is missing, a folder name is not a valid time, or two folders name the same time.
 */
export async function planSnapshots(path: string, notes: Notes): Promise<SnapshotFiles[]> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === "ENOENT" ? "no such file or folder" : `cannot be read (${cause.code})`;
    throw modelError({ file: path, pointer: "" }, problem, MODEL_HINT);
  });
  if (!info.isDirectory()) return [{ name: path, since: null, files: [path] }];
  const files = (await glob("**/*", { cwd: path, onlyFiles: true, expandDirectories: false })).sort();
  const byTime = new Map<number, SnapshotFiles & { files: string[] }>();
  const rest: string[] = [];
  for (const file of files) {
    const folder = file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
    const since = timeOf(folder, path);
    if (since === null) {
      rest.push(join(path, file));
      continue;
    }
    const snapshot = byTime.get(since) ?? { name: folder, since, files: [] };
    if (snapshot.name !== folder) {
      throw modelError({ file: path, pointer: "" }, `two folders name the same time: ${snapshot.name}, ${folder}`);
    }
    snapshot.files.push(join(path, file));
    byTime.set(since, snapshot);
  }
  if (byTime.size === 0) return [{ name: path, since: null, files: rest }];
  for (const file of rest) notes.add("outside the folders named by time, set aside", file);
  return [...byTime.values()].sort((a, b) => a.since! - b.since!);
}

export const MODEL_HINT =
  "give a folder (or file) of `aws ec2 describe-*` JSON, or the output of `flowreplay snapshot`";

/** The time of a folder name in Unix seconds; null for other names. */
function timeOf(folder: string, path: string): number | null {
  const match = TIME_NAME.exec(folder);
  if (!match) return null;
  const [, year, month, day, hour = "00", minute = "00", second = "00"] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = Date.parse(iso);
  // Date.parse reads 31 February as 3 March.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) {
    throw modelError({ file: join(path, folder), pointer: "" }, `not a time: ${show(folder)}`);
  }
  return time / 1000;
}

/**
 * The JSON of a file, with lists as `JsonItems` where possible. Undefined, with a note, for a file that does not look like
 * JSON.
 * @throws AppError E_MODEL when a file that should be JSON is damaged: half a configuration must not pass for a whole one.
 * A damaged item of `JsonItems` throws when it is read.
 */
export async function readJson(file: string, notes: Notes): Promise<unknown> {
  if (!/\.(?:json|tfstate)$/i.test(file) && !(await startsLikeJson(file))) {
    notes.add("not JSON, set aside", file);
    return undefined;
  }
  return parseWithItems(await readUtf8(file), isItemList, (bytes) => {
    const text = textOf(file, bytes);
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (cause) {
      throw notJson(file, text, (cause as Error).message);
    }
    if (isTooDeep(bytes)) throw modelError({ file, pointer: "" }, "JSON that is nested too deep to be a configuration");
    return document;
  });
}

/** The entries of a prefix list are one item together. */
function isItemList(key: string): boolean {
  return Object.hasOwn(SCHEMAS, key) && key !== "Entries";
}

function notJson(file: string, text: string, message: string): Error {
  const position = /at position (\d+)/.exec(message)?.[1];
  const line = position === undefined ? "" : ` (line ${lineAt(text, Number(position))})`;
  const end = /end of JSON|Unterminated/.test(message) ? ": it ends in the middle of a value" : "";
  return modelError({ file, pointer: "" }, `not valid JSON${line}${end}`, "write the file again from the AWS CLI");
}

/** The text of a file in UTF-8 or UTF-16. */
export async function readText(file: string): Promise<string> {
  return textOf(file, await readUtf8(file));
}

function textOf(file: string, bytes: Buffer): string {
  try {
    return bytes.toString("utf8");
  } catch {
    throw tooLarge(file);
  }
}

/** A file as UTF-8 without a byte order mark. Windows PowerShell redirects output in UTF-16. */
async function readUtf8(file: string): Promise<Buffer> {
  try {
    const bytes = await readFile(file);
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return Buffer.from(bytes.toString("utf16le", 2));
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    const large = code === "ERR_STRING_TOO_LONG" || code === "ERR_FS_FILE_TOO_LARGE";
    throw large ? tooLarge(file) : modelError({ file, pointer: "" }, `cannot be read (${code})`);
  }
}

function tooLarge(file: string): Error {
  return modelError({ file, pointer: "" }, "too large to read as one JSON text");
}

async function startsLikeJson(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    const utf16 = buffer[0] === 0xff && buffer[1] === 0xfe;
    return /^\uFEFF?\s*[[{]/.test(buffer.subarray(0, bytesRead).toString(utf16 ? "utf16le" : "utf8"));
  } finally {
    await handle.close();
  }
}

function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < position; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** The id of the prefix list that a file is named after (`pl-0123.json`, `pl-0123.page2.json`); null for other names. */
export function prefixListOfFile(file: string): string | null {
  return /^(pl-[^.]+)\./.exec(basename(file))?.[1] ?? null;
}
