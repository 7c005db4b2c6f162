import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import * as logsSdk from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateFlowLogsCommand,
  type CreateFlowLogsCommandInput,
  CreateVpcCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { glob } from "tinyglobby";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findReport, loadCatalogue } from "../../src/report/catalogue.ts";
import { runReport } from "../../src/report/run-report.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { FORMATS, tableOf } from "../decode/rewrite.ts";
import { startFlowreplay } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { startMoto, testEnvironment } from "../helpers/moto.ts";
import { sample } from "../helpers/samples.ts";

Object.assign(process.env, testEnvironment);
const moto = await startMoto();
const capture = sample("production-vpc");
const HOUR = 3_600_000;
const PLACES = new Set(["source_object", "line", "example_object", "example_line"]);
const CATALOGUE = loadCatalogue();
const REPORTS = ["mismatch-summary", "rejected-probes", "rule-usage", "unused-rules", "coverage", "mismatches"];

describe.skipIf(moto === null).each(["v2", "v5"])("the capture in %s", (format) => {
  const folder = temporaryFolder();
  let expected: object;
  let files: string[];
  const db = (name: string): string => join(folder, `${name}.duckdb`);

  async function replay(name: string, source: string, endpoint = moto!.url): Promise<string> {
    const args = ["--model", join(capture, "config"), "--db", db(name)];
    const { code, stderr } = await startFlowreplay(["replay", source, ...args], { AWS_ENDPOINT_URL: endpoint });
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    return stderr;
  }

  /** Checksums that know neither where a record came from nor in which order, and what a user reads. */
  async function checksums(name: string): Promise<object> {
    const sum = (rows: string): string =>
      `(select concat(count(*), ' rows, ', sum(hash(r)::hugeint)) from (${rows}) r)`;
    const evidence = await openEvidence(db(name));
    try {
      const { rows } =
        await evidence.run(`select (select count(*)::int from flows), (select count(*)::int from bad_lines),
        ${sum("select * exclude (source_object, line) from flows")}, ${sum("select * from rule_usage")},
        ${sum("select * from coverage")}`);
      const [records, badLines, ...sums] = rows[0]!;
      const read: Record<string, unknown> = {};
      for (const report of REPORTS) {
        const stream = await runReport(evidence, findReport(CATALOGUE, report));
        const kept = stream.columns.flatMap(({ name }, at) => (PLACES.has(name) ? [] : [at]));
        read[report] = [];
        for await (const chunk of stream.chunks) {
          (read[report] as unknown[]).push(...chunk.map((row) => kept.map((at) => row[at])));
        }
      }
      return { records, badLines, sums, ...read };
    } finally {
      evidence.close();
    }
  }

  function toFiles(files: readonly string[], as: string, extension: string): string {
    const target = join(folder, extension);
    mkdirSync(target);
    for (const file of files) {
      const table = tableOf(gunzipSync(readFileSync(file)).toString());
      writeFileSync(join(target, basename(file).replace(".log.gz", `.${extension}`)), FORMATS[as][0](table));
    }
    return target;
  }

  async function toS3(files: readonly string[]): Promise<void> {
    const s3 = new S3Client({ endpoint: moto!.url, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: `logs-${format}` }));
    for (const file of files) {
      const Key = `prefix/${relative(join(capture, format), file)}`;
      await s3.send(new PutObjectCommand({ Bucket: `logs-${format}`, Key, Body: readFileSync(file) }));
    }
  }

  /** A stream an interface, events at the records' start; moved to yesterday, as old events are not taken. */
  async function toCloudWatch(files: readonly string[]): Promise<void> {
    const logs = new logsSdk.CloudWatchLogsClient({ endpoint: moto!.url });
    const logGroupName = `/flow/${format}`;
    await logs.send(new logsSdk.CreateLogGroupCommand({ logGroupName }));
    const streams = new Map<string, { timestamp: number; message: string }[]>();
    let fields: string[] = [];
    const shift = Math.floor(Date.now() / HOUR) * HOUR - 24 * HOUR - Date.parse("2025-03-04T09:00:00Z");
    for (const file of files) {
      const [header, ...lines] = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
      fields = header!.split(" ");
      for (const message of lines) {
        const value = (name: string): string => message.split(" ")[fields.indexOf(name)]!;
        const stream = `${value("interface-id")}-all`;
        const timestamp = Number(value("start")) * 1000 + shift;
        streams.set(stream, [...(streams.get(stream) ?? []), { timestamp, message }]);
      }
    }
    for (const [logStreamName, events] of streams) {
      await logs.send(new logsSdk.CreateLogStreamCommand({ logGroupName, logStreamName }));
      events.sort((a, b) => a.timestamp - b.timestamp);
      for (let i = 0; i < events.length; i += 2000) {
        const logEvents = events.slice(i, i + 2000);
        await logs.send(new logsSdk.PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
      }
    }
    const ec2 = new EC2Client({ endpoint: moto!.url });
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const LogFormat = fields.map((field) => `\${${field}}`).join(" ");
    const flowLog: CreateFlowLogsCommandInput = {
      ResourceIds: [Vpc!.VpcId!],
      ResourceType: "VPC",
      TrafficType: "ALL",
      LogFormat,
      LogGroupName: logGroupName,
      DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flow",
    };
    await ec2.send(new CreateFlowLogsCommand(flowLog));
  }

  beforeAll(async () => {
    files = (await glob("**/*.log.gz", { cwd: join(capture, format), absolute: true })).sort();
    await Promise.all([toS3(files), toCloudWatch(files)]);
    await replay("file", join(capture, format));
    expected = await checksums("file");
    expect(expected).toMatchObject({ records: 15_855, badLines: 0 });
  });

  it.each([
    ["s3", () => `s3://logs-${format}/prefix`],
    ["cloudwatch", () => `cloudwatch:///flow/${format}`],
  ])("gives the same evidence from %s, and nothing new the second time", async (name, source) => {
    await replay(name, source());
    expect(await checksums(name)).toEqual(expected);
    await replay(name, source());
    expect(await checksums(name)).toEqual(expected);
  });

  it.each([
    ["Athena CSV", "csv"],
    ["Parquet, gzip, INT32", "parquet"],
  ])("gives the same evidence and the same reports from %s", async (as, extension) => {
    await replay(extension, toFiles(files, as, extension));
    expect(await checksums(extension)).toEqual(expected);
  });
});

afterAll(() => moto?.stop());
