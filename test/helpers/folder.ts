import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const make = (): string => mkdtempSync(join(tmpdir(), "flowreplay-test-"));
const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** A new folder for a whole file of tests, or for the `describe` that it is called in; gone when its tests have ended. */
export function temporaryFolder(): string {
  const folder = make();
  afterAll(() => remove(folder));
  return folder;
}

/** A new folder that `use` may fill; gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = make();
  try {
    return await use(folder);
  } finally {
    remove(folder);
  }
}
