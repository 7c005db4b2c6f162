import { execFile, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openObject } from "../../src/source/open.ts";
import { planSources } from "../../src/source/plan.ts";
import type { OpenContext, SourceObject } from "../../src/source/source.ts";

const context: OpenContext = { aws: {}, events: { note: () => {}, retry: () => {} } };
let folder: string;
let path: string;

async function planned(): Promise<SourceObject> {
  const { objects } = await planSources([path], context);
  return objects[0]!;
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flowreplay-open-"));
  path = join(folder, "x.log");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([0, 1, 1024 * 1024, 2_500_000])(
  "gives every byte of a file of %i bytes, in buffers of their own",
  async (size) => {
    const content = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31) % 251));
    writeFileSync(path, content);
    expect((await bytesOf(openObject(await planned(), context))).equals(content)).toBe(true);
  },
);

describe("a file that is not what was planned", () => {
  const big = Buffer.alloc(2_200_000, "x");
  it.each([
    ["changed before", () => appendFileSync(path, "more"), "before"],
    ["vanished before", () => unlinkSync(path), "before"],
    ["changed midway", () => appendFileSync(path, "more"), "midway"],
    ["cut midway", () => writeFileSync(path, "cut"), "midway"],
    ["vanished midway", () => unlinkSync(path), "midway"],
  ])("%s", async (what, change, when) => {
    writeFileSync(path, big);
    const object = await planned();
    const chunks = openObject(object, context)[Symbol.asyncIterator]();
    if (when === "midway") await chunks.next();
    change();
    const rest = (async () => {
      while (!(await chunks.next()).done);
    })();
    const gone = what.startsWith("vanished");
    await expect(rest).rejects.toThrow(
      gone ? `cannot read ${object.name}: it is gone` : `${object.name} changed while`,
    );
  });
});

it("stops with the reason of the signal", async () => {
  writeFileSync(path, Buffer.alloc(2_200_000));
  const stop = new AbortController();
  const chunks = openObject(await planned(), { ...context, signal: stop.signal })[Symbol.asyncIterator]();
  await chunks.next();
  stop.abort(new Error("enough"));
  await expect(chunks.next()).rejects.toThrow("enough");
});

it("reads a named pipe", async () => {
  await promisify(execFile)("mkfifo", [path]);
  const object = await planned();
  expect(object).toMatchObject({ size: null, etag: null });
  spawn("sh", ["-c", `printf 'a line\\n' > '${path}'`]);
  expect(String(await bytesOf(openObject(object, context)))).toBe("a line\n");
});

describe("stdin", () => {
  const script = `
    import { openObject } from ${JSON.stringify(new URL("../../dist/source/open.js", import.meta.url).href)};
    const stdin = { name: "stdin", size: null, etag: null, time: null, kind: "pipe" };
    let bytes = 0;
    for await (const chunk of openObject(stdin, { aws: {}, events: {} })) bytes += chunk.length;
    console.log(bytes);`;
  it.each([
    ["a pipe", "head -c 3000000 /dev/zero | node"],
    ["a file", `head -c 3000000 /dev/zero > "$1"; < "$1" node`],
  ])("from %s", async (_, command) => {
    const shell = `${command} --input-type=module -e "$2"`;
    const { stdout } = await promisify(execFile)("sh", ["-c", shell, "sh", path, script]);
    expect(stdout.trim()).toBe("3000000");
  });
});
