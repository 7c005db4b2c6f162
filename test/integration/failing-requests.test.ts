import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { startFlowreplay } from "../helpers/cli.ts";
import { startFaultProxy } from "../helpers/fault-proxy.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { writeFiftyObjects } from "../helpers/kill.ts";
import { startMoto, testEnvironment } from "../helpers/moto.ts";
import { sample } from "../helpers/samples.ts";

Object.assign(process.env, testEnvironment);
const moto = await startMoto();
const SEED = Number(process.env.FLOWREPLAY_SEED ?? Date.now() % 1_000_000);
const HOUR = 3_600_000;

/** Through the command line, as a user meets it; the proxy lives in this process, so the command must not block it. */
describe.skipIf(moto === null)(`every tenth request fails (seed ${SEED})`, () => {
  const folder = temporaryFolder();
  let logs: string;
  let expected: { sums: unknown; said: string };

  async function replay(name: string, source: string, endpoint: string): Promise<{ sums: unknown; said: string }> {
    const db = join(folder, `${name}.duckdb`);
    const args = ["replay", source, "--model", sample("production-vpc/config"), "--db", db];
    const { code, stderr: said } = await startFlowreplay(args, { AWS_ENDPOINT_URL: endpoint });
    expect(code, said).toBe(0);
    const evidence = await openEvidence(db);
    // Bad lines have no place of their own in a log group, and objects others.
    const { rows } = await evidence.run(`select
      (select concat(count(*), ' ', sum(hash(r)::hugeint)) from (select * exclude (source_object, line) from flows) r),
      (select concat(count(*), ' ', sum(hash(r)::hugeint)) from (select * from rule_usage) r),
      (select count(*)::int from bad_lines), (select retries::int from run_manifest)`);
    evidence.close();
    const [flows, usage, bad, retries] = rows[0]!;
    const repeated = /^note: ([\d,]+) requests? repeated after throttling/m.exec(said)?.[1] ?? "0";
    expect(Number(repeated.replaceAll(",", ""))).toBe(retries);
    return { sums: { flows, usage, bad }, said: repeated };
  }

  async function toS3(): Promise<string> {
    const s3 = new S3Client({ endpoint: moto!.url, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "fifty" }));
    for (const name of readdirSync(logs)) {
      await s3.send(
        new PutObjectCommand({ Bucket: "fifty", Key: `logs/${name}`, Body: readFileSync(join(logs, name)) }),
      );
    }
    return "s3://fifty/logs";
  }

  /** An hour an object, so that there are as many requests. */
  async function toCloudWatch(): Promise<string> {
    const client = new CloudWatchLogsClient({ endpoint: moto!.url });
    const [logGroupName, logStreamName] = ["fifty", "eni-1-all"];
    await client.send(new CreateLogGroupCommand({ logGroupName }));
    await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    const start = Math.floor(Date.now() / HOUR) * HOUR - 60 * HOUR;
    for (const [hour, name] of readdirSync(logs).sort().entries()) {
      const lines = gunzipSync(readFileSync(join(logs, name)))
        .toString()
        .split("\n");
      const logEvents = lines.filter(Boolean).map((message) => ({ timestamp: start + hour * HOUR, message }));
      await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
    }
    return "cloudwatch://fifty";
  }

  beforeAll(async () => {
    logs = join(folder, "logs");
    writeFiftyObjects(logs);
    expected = await replay("files", logs, moto!.url);
    expect(expected.said).toBe("0");
  });
  afterAll(() => moto?.stop());

  it.each([
    ["S3", toS3],
    ["CloudWatch Logs", toCloudWatch],
  ])("from %s the evidence is the same, nothing hangs, and the repeats are counted", async (name, put) => {
    const source = await put();
    const proxy = await startFaultProxy({ target: moto!.url, rate: 0.1, seed: SEED, stallMs: 1500 });
    const { sums, said } = await replay(name, source, proxy.url);
    await proxy.close();
    const { reset, unavailable, truncated } = proxy.faults;
    const what = `seed ${SEED}: ${proxy.requests.length} requests, ${JSON.stringify(proxy.faults)}, ${said} repeats`;
    expect({ what, sums }).toEqual({ what, sums: expected.sums });
    expect(proxy.requests.length, what).toBeGreaterThan(50);
    expect(Number(said.replaceAll(",", "")), what).toBeGreaterThanOrEqual(reset + unavailable + truncated);
  });
});
