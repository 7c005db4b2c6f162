import { readText } from "../files.ts";
import { locate } from "../locate.ts";
import type { Finding } from "./finding.ts";

/** The line of each finding in its file, in the same order; null where the file no longer says so. */
export async function findingLines(findings: readonly Finding[]): Promise<(number | null)[]> {
  const pointers = new Map<string, Set<string>>();
  for (const { origin } of findings) {
    const known = pointers.get(origin.file);
    if (known) known.add(origin.pointer);
    else pointers.set(origin.file, new Set([origin.pointer]));
  }
  const lines = new Map<string, ReadonlyMap<string, number>>();
  for (const [file, wanted] of pointers) lines.set(file, locate(await readText(file), wanted));
  return findings.map(({ origin }) => lines.get(origin.file)?.get(origin.pointer) ?? null);
}
