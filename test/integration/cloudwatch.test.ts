import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateFlowLogsCommand, CreateVpcCommand, EC2Client } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cloudWatch } from "../../src/source/cloudwatch.ts";
import { HOUR_MS } from "../../src/source/cloudwatch-plan.ts";
import { openObject } from "../../src/source/open.ts";
import { planSources } from "../../src/source/plan.ts";
import type { AwsOptions, PlanOptions, SourceObject } from "../../src/source/source.ts";
import { startFaultProxy } from "../helpers/fault-proxy.ts";
import { startMoto, testEnvironment } from "../helpers/moto.ts";

Object.assign(process.env, testEnvironment);
const moto = await startMoto();
const SEED = 20250305;
const GROUP = "/aws/vpc/flow";
const URI = `cloudwatch://${GROUP}`;
const HOUR = HOUR_MS;

describe.skipIf(moto === null)("CloudWatch Logs over HTTP", () => {
  let aws: AwsOptions;
  let logs: CloudWatchLogsClient;
  const notes: string[] = [];
  const events = { note: (text: string) => void notes.push(text), retry: () => {} };
  /** What was put, by the whole hour of its event time. */
  const put = new Map<number, string[]>();
  // Events of the last two weeks are taken; yesterday's hours are closed.
  const day = Math.floor(Date.now() / HOUR) * HOUR - 24 * HOUR;

  async function write(stream: string, times: readonly number[], group = GROUP): Promise<string[]> {
    const lines = times.map((time, i) => `2 123456789012 ${stream} 10.0.0.1 10.0.0.2 ${i} 443 6 1 40 ${time} ok`);
    for (let i = 0; i < times.length; i += 5000) {
      const logEvents = times.slice(i, i + 5000).map((timestamp, j) => ({ timestamp, message: lines[i + j] }));
      await logs.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: stream, logEvents }));
    }
    return lines;
  }

  async function createStream(stream: string, group = GROUP): Promise<void> {
    await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream }));
  }

  async function read(object: SourceObject, options: AwsOptions = aws, retry = (): void => {}): Promise<string[]> {
    let text = "";
    for await (const chunk of openObject(object, { aws: options, events: { ...events, retry } })) text += String(chunk);
    return text.split("\n").slice(0, -1);
  }

  const plan = async (options: Partial<PlanOptions> = {}, uri = URI): Promise<readonly SourceObject[]> =>
    (await planSources([uri], { aws, events, ingested: async () => [], ...options })).objects;

  beforeAll(async () => {
    aws = { endpoint: moto!.url };
    logs = new CloudWatchLogsClient({ endpoint: moto!.url });
    await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
    // 70 streams, more than a page of 50; one of them with more events than a page of 10,000.
    for (let s = 0; s < 70; s++) {
      const stream = `eni-${String(s).padStart(17, "0")}-all`;
      await createStream(stream);
      const times = Array.from(
        { length: s === 7 ? 12_000 : 20 },
        (_, i) => day + s * 1000 + i * (s === 7 ? 100 : 600_000),
      );
      const lines = await write(stream, times);
      for (const [i, time] of times.entries()) {
        const hour = Math.floor(time / HOUR) * HOUR;
        put.set(hour, [...(put.get(hour) ?? []), lines[i]!]);
      }
    }
    await createStream("not-a-flow-log");
    await write("not-a-flow-log", [day + 1]);
  });
  afterAll(() => moto?.stop());

  it("reads every record of every stream once, hour by hour, over several pages", async () => {
    const objects = await plan();
    expect(objects.map((object) => object.time! * 1000).slice(0, put.size)).toEqual([...put.keys()].sort());
    for (const object of objects) {
      expect((await read(object)).sort()).toEqual(put.get(object.time! * 1000)?.sort() ?? []);
    }
    expect(objects[0]!.name).toBe(`${URI}/123456789012/us-east-1/${new Date(day).toISOString().slice(0, 16)}Z`);
  });

  it("keeps groups of the same name in two regions apart", async () => {
    const names: string[] = [];
    for (const region of ["eu-west-1", "eu-central-1"]) {
      const other = new CloudWatchLogsClient({ endpoint: moto!.url, region });
      await other.send(new CreateLogGroupCommand({ logGroupName: "twin" }));
      await other.send(new CreateLogStreamCommand({ logGroupName: "twin", logStreamName: "eni-1-all" }));
      const logEvents = [{ timestamp: day, message: region }];
      await other.send(new PutLogEventsCommand({ logGroupName: "twin", logStreamName: "eni-1-all", logEvents }));
      const ingested = async (prefix: string): Promise<string[]> => names.filter((name) => name.startsWith(prefix));
      const regional = { ...aws, region };
      const objects = await plan({ aws: regional, ingested, fields: "version" }, "cloudwatch://twin");
      expect((await Promise.all(objects.map((object) => read(object, regional)))).flat()).toEqual([region]);
      names.push(...objects.map((object) => object.name));
    }
    expect(new Set(names).size).toBe(names.length);
  });

  it("reads only the hours of the window", async () => {
    const objects = await plan({ from: day / 1000 + 5400, to: day / 1000 + 5460 });
    expect(objects.map((object) => object.time)).toEqual([day / 1000 + 3600]);
  });

  it("reads only the streams with a prefix", async () => {
    const uri = `${URI}:eni-00000000000000003`;
    const lines = await Promise.all((await plan({}, uri)).map((object) => read(object)));
    expect(lines.flat()).toHaveLength(20);
    expect(lines.flat().every((line) => line.includes("eni-00000000000000003-all"))).toBe(true);
  });

  it("reads the same records with every tenth request failing, and counts the retries", async () => {
    const proxy = await startFaultProxy({ target: moto!.url, rate: 0.1, seed: SEED, stallMs: 10_000 });
    const faulty = { endpoint: proxy.url, timeoutMs: 2500 };
    let retries = 0;
    const retry = (): void => void retries++;
    const objects = await plan({ aws: faulty, events: { ...events, retry } });
    for (const object of [...objects, ...objects].slice(0, 40)) {
      expect((await read(object, faulty, retry)).sort()).toEqual(put.get(object.time! * 1000)?.sort() ?? []);
    }
    const faults = Object.values(proxy.faults).reduce((a, b) => a + b, 0);
    expect(faults, `seed ${SEED}`).toBeGreaterThan(0);
    expect(retries, `seed ${SEED}, ${JSON.stringify(proxy.faults)}`).toBeGreaterThanOrEqual(faults);
    await proxy.close();
  });

  it("takes the field list from the flow logs of the group, and asks for none when --fields gives it", async () => {
    expect((await plan())[0]!.fields).toBeUndefined();
    expect(notes.at(-1)).toBe(
      `no flow log delivers to ${GROUP} now: the default format is assumed (another one: --fields)`,
    );
    const ec2 = new EC2Client({ endpoint: moto!.url });
    const create = async (LogFormat: string) => {
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
      return ec2.send(
        new CreateFlowLogsCommand({
          ResourceIds: [Vpc!.VpcId!],
          ResourceType: "VPC",
          TrafficType: "ALL",
          LogGroupName: GROUP,
          LogFormat,
          DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flow",
        }),
      );
    };
    await create("${version} ${interface-id}");
    expect((await plan())[0]!.fields).toBe("version interface-id");
    await create("${version} ${srcaddr}");
    await expect(plan()).rejects.toThrow(`flow logs of 2 formats share the log group ${GROUP}`);
    expect((await plan({ fields: "version" }))[0]!.fields).toBe("version");
  });

  it.each([
    ["cloudwatch://gone", "cannot read cloudwatch://gone: no such log group or stream"],
    [`${URI}:other-`, `no stream other-* in ${URI}:other-`],
  ])("says what is wrong with %s", async (uri, message) => {
    await expect(plan({}, uri)).rejects.toThrow(message);
  });

  it("follows a group: what it holds, then what comes, nothing twice, until it is stopped", async () => {
    const group = "followed";
    await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
    await createStream("eni-1-all", group);
    const recent = (count: number): number[] => Array.from({ length: count }, (_, i) => Date.now() - 600_000 + i);
    const first = await write("eni-1-all", recent(3), group);
    const stop = new AbortController();
    const follow = { aws, events, signal: stop.signal, pollMs: 500, settleMs: 2000, fields: "version" };
    const got: string[] = [];
    const names: string[] = [];
    let second: string[] = [];
    for await (const object of cloudWatch.follow!(`cloudwatch://${group}`, follow)) {
      names.push(object.name);
      got.push(...(await read(object)));
      if (second.length === 0) second = await write("eni-1-all", recent(2), group);
      if (got.length === 5) stop.abort();
    }
    expect(got).toEqual([...first, ...second]);
    expect(new Set(names).size).toBe(names.length);
    // A plan that knows these names has nothing left of them.
    const rest = await plan({ ingested: async () => names, fields: "version" }, `cloudwatch://${group}`);
    expect((await Promise.all(rest.map((object) => read(object)))).flat()).toEqual([]);
  });
});
