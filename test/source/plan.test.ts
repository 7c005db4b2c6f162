import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unreadable } from "../../src/source/file-list.ts";
import { planSources } from "../../src/source/plan.ts";
import type { SourceEvents } from "../../src/source/source.ts";

let folder: string;
let notes: string[];
const events: SourceEvents = { note: (text) => void notes.push(text), retry: () => {} };
const plan = (args: string[], range: { from?: number; to?: number } = {}) =>
  planSources(args, { ...range, aws: {}, events });
const names = async (...args: string[]): Promise<string[]> =>
  (await plan(args)).objects.map((object) => object.name.replace(`${folder}/`, ""));

function touch(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), path);
  }
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "flowreplay-plan-")));
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("files and folders", () => {
  it("walks folders in time order of the names, whatever the order of the arguments", async () => {
    touch(
      "b/x_20250304T0900Z_b.log.gz",
      "a/x_20250304T0905Z_a.log.gz",
      "a/deep/x_20250304T0855Z_c.log.gz",
      "plain.log",
    );
    const expected = [
      "a/deep/x_20250304T0855Z_c.log.gz",
      "b/x_20250304T0900Z_b.log.gz",
      "a/x_20250304T0905Z_a.log.gz",
      "plain.log",
    ];
    expect(await names(folder)).toEqual(expected);
    expect(await names(join(folder, "plain.log"), join(folder, "b"), join(folder, "a"))).toEqual(expected);
  });

  it("reads an object once however often and however it is named", async () => {
    touch("a/x.log");
    symlinkSync(join(folder, "a"), join(folder, "link"));
    symlinkSync("..", join(folder, "a", "loop"));
    const { objects, bytes } = await plan([folder, join(folder, "a/../a/x.log"), join(folder, "link/x.log"), folder]);
    expect(objects.map((object) => object.name)).toEqual([join(folder, "a/x.log")]);
    expect(bytes).toBe("a/x.log".length);
  });

  it("fingerprints by size and modification time", async () => {
    touch("x.log");
    const [before] = (await plan([folder])).objects;
    writeFileSync(join(folder, "x.log"), "X.LOG");
    const [after] = (await plan([folder])).objects;
    expect(before!.etag).toMatch(/^5-\d{19}$/);
    expect(after!.etag).not.toBe(before!.etag);
  });

  it("sets aside what is no log, with one note for each reason", async () => {
    touch("x.log", ".DS_Store", ".git/config", "x.log.md5", "SHA256SUMS", "flowreplay.duckdb", "flowreplay.duckdb.wal");
    expect(await names(folder)).toEqual(["x.log"]);
    expect(notes.map((note) => note.replace(/ \(.*/, "")).sort()).toEqual([
      "set aside 2 DuckDB files",
      "set aside 2 checksum files",
      "set aside 2 hidden files",
    ]);
  });

  it("takes a hidden file that is named itself", async () => {
    touch(".flow.log");
    expect(await names(join(folder, ".flow.log"))).toEqual([".flow.log"]);
  });
});

describe("globs", () => {
  it("expands patterns, folders included, and prefers a path that exists", async () => {
    touch("a/1.log", "b/2.log", "b/3.txt", "[x].log", "x.log");
    expect(await names(`${folder}/*/*.log`)).toEqual(["a/1.log", "b/2.log"]);
    expect(await names(`${folder}/{a,b}`)).toEqual(["a/1.log", "b/2.log", "b/3.txt"]);
    expect(await names(`${folder}/[x].log`)).toEqual(["[x].log"]);
  });
});

it("prunes by the time in the name and says what it could not prune", async () => {
  touch("x_20250304T0000Z_a.log.gz", "x_20250304T1000Z_b.log.gz", "x_20250305T0000Z_c.log.gz", "untimed.log");
  const from = Date.parse("2025-03-04T10:00:00Z") / 1000;
  const result = await plan([folder], { from, to: from + 60 });
  expect(result.objects.map((object) => object.name.slice(folder.length + 1))).toEqual([
    "x_20250304T1000Z_b.log.gz",
    "untimed.log",
  ]);
  expect(result.pruned).toBe(2);
  expect(notes).toEqual([`no time in the name, so read whole: ${folder}/untimed.log`]);
});

it("plans a folder of empty files without reading one", async () => {
  for (let i = 0; i < 300; i++) writeFileSync(join(folder, `${i}.log`), "");
  const { objects, bytes } = await plan([folder]);
  expect([objects.length, bytes]).toEqual([300, 0]);
});

it("reads standard input once, however often it is named", async () => {
  expect((await plan(["-", "-"])).objects).toEqual([
    { name: "stdin", size: null, etag: null, time: null, kind: "pipe" },
  ]);
});

describe("a copy of a central bucket", () => {
  const trail = "copy/AWSLogs/o-1/123456789012/CloudTrail/eu-west-1/2025/x.json.gz";
  const log = "copy/AWSLogs/o-1/123456789012/vpcflowlogs/eu-west-1/x.log.gz";

  it("is read without what other services delivered, as in S3", async () => {
    touch(trail, log);
    for (const source of ["copy", "copy/**/*.gz"]) {
      notes = [];
      expect(await names(join(folder, source))).toEqual([log]);
      expect(notes).toEqual([`set aside 1 object of another AWS service (${folder}/${trail})`]);
    }
  });

  it("is read where the user says so", async () => {
    touch(trail, log);
    expect(await names(join(folder, "copy/AWSLogs/o-1/123456789012/CloudTrail"))).toEqual([trail]);
    expect(await names(join(folder, trail))).toEqual([trail]);
  });
});

describe("mistakes", () => {
  it.each([
    ["no arguments", [], "no source given"],
    ["nothing there", ["gone.log"], "no such file or folder: {}/gone.log"],
    ["below a file", ["plain.log/x"], "no such file or folder: {}/plain.log/x"],
    ["empty folder", ["empty"], "no flow log file in {}/empty"],
    ["only side files", ["side"], "no flow log file in {}/side (set aside: 1 checksum file)"],
    ["glob without match", ["*.parquet"], "nothing matches the glob {}/*.parquet"],
    ["dangling link", ["dangling"], "cannot read {}/dangling/link: it is gone, or a link that leads nowhere"],
  ])("%s", async (_, args, message) => {
    touch("plain.log", "side/x.sha256");
    mkdirSync(join(folder, "empty"));
    mkdirSync(join(folder, "dangling"));
    symlinkSync("nowhere", join(folder, "dangling", "link"));
    await expect(plan(args.map((arg) => join(folder, arg)))).rejects.toThrow(message.replace("{}", folder));
  });

  it.each(["gs://bucket/x", "file:///etc/hosts", "S4://x"])("unknown scheme %s", async (argument) => {
    await expect(plan([argument])).rejects.toMatchObject({
      code: "E_USAGE",
      message: `unknown kind of source: ${argument}`,
    });
  });

  // Said of the error itself: where the tests run as the superuser no file is unreadable.
  it("unreadable file", () => {
    const denied = Object.assign(new Error("EACCES: permission denied, access"), { code: "EACCES" });
    expect(unreadable("secret.log", denied).message).toBe("cannot read secret.log: permission denied");
  });
});
