import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { AppError } from "../../src/errors.ts";
import { loadModel } from "../../src/model/load.ts";
import type { Model, Snapshot } from "../../src/model/model.ts";

/** File contents by path; text and bytes as they are, anything else as JSON. */
export type Files = Record<string, unknown>;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Writes a model folder that is removed after the tests of the file. */
export async function writeModel(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flowreplay-model-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    const raw = typeof content === "string" || Buffer.isBuffer(content);
    await writeFile(path, raw ? (content as string) : JSON.stringify(content));
  }
  return folder;
}

export const load = async (files: Files): Promise<Model> => loadModel(await writeModel(files));
export const snapshot = async (files: Files): Promise<Snapshot> => (await load(files)).snapshots[0];

/** The notes of a model, its folder written as `.`. */
export async function notes(files: Files): Promise<string[]> {
  const folder = await writeModel(files);
  return (await loadModel(folder)).notes.map((note) => note.replaceAll(folder, "."));
}

/** The message of the error that a model gives, its folder written as `.`; the notes when it gives none. */
export async function failure(files: Files): Promise<string> {
  const folder = await writeModel(files);
  try {
    return `loaded: ${(await loadModel(folder)).notes.join(" | ")}`;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.message.replaceAll(folder, ".");
  }
}
