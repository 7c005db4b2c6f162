import { constants, type BigIntStats } from "node:fs";
import { access, readdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "../errors.ts";
import { isOtherService } from "./key-layout.ts";
import { createSetAside, reasonToSetAside, type SetAside, timeInName } from "./object-name.ts";
import type { SourceEvents, SourceObject } from "./source.ts";

/** File system calls at a time: enough to hide the latency of a network drive, few enough for any limit. */
const PARALLEL = 64;

/** Size and modification time in nanoseconds: differs when a file has changed. */
export function fingerprint(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}`;
}

/**
 * A file, folder (recursive) or glob as objects, unordered. A path that exists is not taken for a glob.
 * @throws AppError E_SOURCE when nothing is there, nothing matches, or something cannot be read.
 */
export async function planFiles(argument: string, events: SourceEvents): Promise<SourceObject[]> {
  const setAside = createSetAside();
  const roots = (await exists(argument)) ? [argument] : await expand(argument);
  const found = new Map<string, SourceObject>();
  const folders = new Set<string>();
  for (const root of roots) {
    // A hidden file that is named itself is wanted: globs of a shell do not yield any.
    const named = root === argument ? root : resolve(argument.slice(0, argument.search(/[*?{[(!]/)));
    await collect(root, { found, folders, setAside, named, hidden: root === argument });
  }
  setAside.note(events);
  if (found.size === 0) {
    const aside = setAside.summary();
    throw new AppError("E_SOURCE", `no flow log file in ${argument}${aside && ` (set aside: ${aside})`}`, {
      hint: "name a file, a folder that holds flow log files, or a glob in quotes",
    });
  }
  return [...found.values()];
}

interface FolderWalk {
  readonly found: Map<string, SourceObject>;
  /** Real paths of the folders seen, so that a loop of symbolic links ends. */
  readonly folders: Set<string>;
  readonly setAside: SetAside;
  readonly hidden: boolean;
  /** What the argument names, its wildcards left out. */
  readonly named: string;
}

async function collect(path: string, walk: FolderWalk): Promise<void> {
  const stats = await attempt(path, () => stat(path, { bigint: true }));
  if (stats.isDirectory()) return collectFolder(path, walk);
  const isOther = isOtherService(path, walk.named);
  const reason = isOther ? "object of another AWS service" : reasonToSetAside(path);
  if (reason !== null && !(walk.hidden && reason === "hidden file")) return walk.setAside.add(reason, path);
  if (!stats.isFile()) return collectPipe(path, stats, walk);
  await attempt(path, () => access(path, constants.R_OK));
  const real = await attempt(path, () => realpath(path));
  walk.found.set(real, {
    name: real,
    size: Number(stats.size),
    etag: fingerprint(stats),
    time: timeInName(real),
    kind: "file",
  });
}

async function collectFolder(folder: string, walk: FolderWalk): Promise<void> {
  const real = await attempt(folder, () => realpath(folder));
  if (walk.folders.has(real)) return;
  walk.folders.add(real);
  const entries = await attempt(folder, () => readdir(folder));
  const visible = entries.filter((entry) => {
    if (entry.startsWith(".")) walk.setAside.add("hidden file", join(folder, entry));
    return !entry.startsWith(".");
  });
  for (let i = 0; i < visible.length; i += PARALLEL) {
    const inside = { ...walk, hidden: false };
    await Promise.all(visible.slice(i, i + PARALLEL).map((entry) => collect(join(folder, entry), inside)));
  }
}

/** A pipe that was named itself (`<(zcat …)`, mkfifo) is read; sockets, devices and pipes inside a folder are not. */
function collectPipe(path: string, stats: BigIntStats, walk: FolderWalk): void {
  if (!stats.isFIFO() || !walk.hidden) return walk.setAside.add("special file", path);
  walk.found.set(path, { name: path, size: null, etag: null, time: null, kind: "pipe" });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw unreadable(path, error);
  }
}

async function expand(pattern: string): Promise<string[]> {
  // Loaded when needed: most arguments are paths that exist.
  const { glob, isDynamicPattern } = await import("tinyglobby");
  if (!isDynamicPattern(pattern)) {
    throw new AppError("E_SOURCE", `no such file or folder: ${pattern}`, {
      hint: /^[a-z][a-z0-9]+:/i.test(pattern) ? "a URI has two slashes, as in s3://bucket/prefix" : "check the path",
    });
  }
  const matches = await glob(pattern, { absolute: true, onlyFiles: false, expandDirectories: false });
  if (matches.length === 0) {
    throw new AppError("E_SOURCE", `nothing matches the glob ${pattern}`, {
      hint: "* stays inside a folder, ** goes through all of them; a folder by itself is read whole",
    });
  }
  return matches;
}

async function attempt<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw unreadable(path, error);
  }
}

const WHY: Record<string, string> = {
  ENOENT: "it is gone, or a link that leads nowhere",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "its symbolic links go in circles",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  EISDIR: "it is a folder",
  EIO: "the disk or network drive failed",
};

/** A failed file system call as one line for the user. */
export function unreadable(path: string, error: unknown): AppError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new AppError("E_SOURCE", `cannot read ${path}: ${(code && WHY[code]) ?? code ?? message}`, { cause: error });
}
