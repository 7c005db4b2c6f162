import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { followReplay } from "../../src/replay/follow.ts";
import { newFindings } from "../../src/report/new-findings.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { flowreplay, MAIN } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";
import { startMoto, testEnvironment } from "../helpers/moto.ts";
import { sample } from "../helpers/samples.ts";

Object.assign(process.env, testEnvironment);
const moto = await startMoto();
const MODEL = sample("production-vpc/config");

describe.skipIf(moto === null)("--follow", () => {
  const logs = new CloudWatchLogsClient({ endpoint: moto?.url });
  const folder = sample("production-vpc/v2");
  const lines = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".gz"))
    .flatMap((name) =>
      gunzipSync(readFileSync(join(folder, name)))
        .toString()
        .split("\n"),
    )
    .filter((line) => line.startsWith("2 "));

  /** Events of ten minutes ago; what CloudWatch takes in now. */
  async function write(group: string, messages: readonly string[]): Promise<void> {
    const timestamp = Date.now() - 600_000;
    const logEvents = messages.map((message) => ({ timestamp, message }));
    await logs.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: "eni-1-all", logEvents }));
  }

  beforeAll(async () => {
    for (const logGroupName of ["followed", "quiet"]) {
      await logs.send(new CreateLogGroupCommand({ logGroupName }));
      await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "eni-1-all" }));
    }
  });
  afterAll(() => moto?.stop());

  it("stores what comes, part by part, and prints the mismatches and probes of each part", async () => {
    await withFolder(async (cwd) => {
      const db = join(cwd, "evidence.duckdb");
      await write("followed", lines.slice(0, 2000));
      const stop = new AbortController();
      const said: string[] = [];
      const parts: string[] = [];
      let left = [lines.slice(2000, 4000), lines.slice(4000, 5000)];
      await followReplay(
        {
          sources: ["cloudwatch://followed"],
          model: MODEL,
          db,
          keepFlows: true,
          workers: 0,
          aws: { endpoint: moto!.url },
          toolVersion: "test",
          signal: stop.signal,
          pollMs: 300,
          settleMs: 1000,
        },
        {
          note: () => {},
          progress: () => {},
          caughtUp: async () => {},
          async stored(object) {
            parts.push(object);
            const evidence = await openEvidence(db);
            said.push(await newFindings(evidence, object));
            const [[records]] = (await evidence.run("select sum(records)::int from sources")).rows;
            evidence.close();
            if (records === 5000) return stop.abort();
            const [next, ...later] = left;
            left = later;
            if (next) await write("followed", next);
          },
        },
      );
      expect(new Set(parts).size).toBe(parts.length);
      expect(parts.length).toBeGreaterThanOrEqual(3);
      const text = said.join("");
      expect(text).toMatch(/^2025-03-04 09:\d\d:\d\d  rejected  185\.220\.101\.34  \d+ records?  [\d,]+ ports/m);
      expect(text).toMatch(/^and \d+ more: flowreplay report rejected-probes$/m);

      // The same records as from a file of them, each once.
      const stored = await openEvidence(db);
      const sql = `select concat_ws(' ', interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes,
        epoch(start_time)::bigint, epoch(end_time)::bigint, action) from flows where log_status = 'OK'`;
      const got = (await stored.run(sql)).rows.map(([line]) => String(line));
      stored.close();
      const expected = lines
        .slice(0, 5000)
        .filter((line) => line.endsWith(" OK"))
        .map((line) => line.split(" ").slice(2, 13).join(" "));
      expect(got.sort()).toEqual(expected.sort());
    });
  });

  it("ends on Ctrl-C with exit code 130, and leaves the file whole and free to read meanwhile", async () => {
    await withFolder(async (cwd) => {
      const env = { ...process.env, AWS_ENDPOINT_URL: moto!.url, NO_COLOR: "1" };
      const args = ["replay", "cloudwatch://quiet", "--model", MODEL, "--follow"];
      const child = spawn(process.execPath, [MAIN, ...args], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
      let stderr = "";
      const following = new Promise<void>((resolve) =>
        child.stderr.on("data", (chunk: Buffer) => {
          stderr += String(chunk);
          if (stderr.includes("following;")) resolve();
        }),
      );
      const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
      await Promise.race([following, closed]);
      expect(flowreplay(["query", "select count(*) as n from flows", "--output", "json"], { cwd })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('"n":0'),
      });
      child.kill("SIGINT");
      expect({ code: await closed, stderr }).toEqual({
        code: 130,
        stderr: expect.stringMatching(/note: following; press Ctrl-C to stop.*\nnote: stopping/),
      });
      expect(readdirSync(cwd)).toEqual(["flowreplay.duckdb"]);
    });
  });
});

describe("--follow", () => {
  it.each([
    [["logs", "--follow"], "--follow takes one source (cloudwatch://log-group), not logs"],
    [
      ["cloudwatch://a", "cloudwatch://b", "--follow"],
      "--follow takes one source (cloudwatch://log-group), not cloudwatch://a",
    ],
    [["cloudwatch://a", "--follow", "--to", "1h"], "--follow cannot be combined with --to"],
    [["cloudwatch://a", "--follow", "--fail-on", "mismatches"], "--follow cannot be combined with --fail-on"],
    [["cloudwatch://a", "--follow", "--no-flows"], "--follow cannot be combined with --no-flows"],
  ])("refuses %j", (args, why) => {
    const { code, stdout, stderr } = flowreplay(["replay", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`flowreplay: ${why}`);
  });
});
