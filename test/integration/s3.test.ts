import { createHash } from "node:crypto";
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openObject } from "../../src/source/open.ts";
import { planSources } from "../../src/source/plan.ts";
import type { AwsOptions, SourceObject } from "../../src/source/source.ts";
import { startFaultProxy, type FaultOptions } from "../helpers/fault-proxy.ts";
import { startMoto, testEnvironment } from "../helpers/moto.ts";

Object.assign(process.env, testEnvironment);
const moto = await startMoto();
const SEED = 20250304;

const ACCOUNTS = ["123456789012", "210987654321"];
const REGIONS = ["us-east-1", "eu-west-1"];
/** Where a day's objects lie, in each of the four layouts. */
const LAYOUTS: Record<string, (account: string, region: string, iso: string) => string> = {
  plain: (a, r, t) => `AWSLogs/${a}/vpcflowlogs/${r}/${t.slice(0, 10).replaceAll("-", "/")}/`,
  hourly: (a, r, t) => `AWSLogs/${a}/vpcflowlogs/${r}/${t.slice(0, 10).replaceAll("-", "/")}/${t.slice(11, 13)}/`,
  hive: (a, r, t) =>
    `AWSLogs/aws-account-id=${a}/aws-service=vpcflowlogs/aws-region=${r}/year=${t.slice(0, 4)}/month=${t.slice(5, 7)}/day=${t.slice(8, 10)}/`,
  "hive-hourly": (a, r, t) => `${LAYOUTS["hive"]!(a, r, t)}hour=${t.slice(11, 13)}/`,
};

const content = new Map<string, Buffer>();
let s3: S3Client;

function bytesFor(key: string, size: number): Buffer {
  const block = createHash("sha512").update(key).digest();
  return Buffer.alloc(size, block);
}

/** Every two hours of three days around a turn of the month: 36 objects a region, 576 in all, beside 2,100 of one day. */
function flowLogKeys(): string[] {
  const keys: string[] = [];
  const add = (layout: string, account: string, region: string, ms: number, hash: number): void => {
    const iso = new Date(ms).toISOString();
    const stamp = `${iso.slice(0, 13).replaceAll("-", "")}${iso.slice(14, 16)}Z`;
    const name = `${account}_vpcflowlogs_${region}_fl-1234abcd_${stamp}_${hash.toString(16).padStart(8, "0")}.log.gz`;
    keys.push(`${layout}/${LAYOUTS[layout]!(account, region, iso)}${name}`);
  };
  const start = Date.parse("2025-02-27T00:00:00Z");
  for (const layout of Object.keys(LAYOUTS)) {
    for (const account of ACCOUNTS) {
      for (const region of REGIONS) {
        for (let i = 0; i < 36; i++) add(layout, account, region, start + i * 7_200_000, i);
      }
    }
  }
  for (let i = 0; i < 2100; i++) add("plain", ACCOUNTS[0]!, REGIONS[0]!, start + 300_000 * (i % 288), 0x10000 + i);
  return keys;
}

const timeOf = (key: string): number => {
  const [, day, minute] = /_(\d{8})T(\d{4})Z_/.exec(key)!;
  return (
    Date.UTC(+day!.slice(0, 4), +day!.slice(4, 6) - 1, +day!.slice(6), +minute!.slice(0, 2), +minute!.slice(2)) / 1000
  );
};

async function put(key: string, body: Buffer): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: "logs", Key: key, Body: body }));
}

async function read(object: SourceObject, aws: AwsOptions, retry: () => void): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openObject(object, { aws, events: { note: () => {}, retry } })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.skipIf(moto === null)("S3 over HTTP", () => {
  let aws: AwsOptions;
  const notes: string[] = [];
  const events = { note: (text: string) => void notes.push(text), retry: () => {} };
  const keysUnder = (prefix: string): string[] => [...content.keys()].filter((key) => key.startsWith(prefix));

  beforeAll(async () => {
    aws = { endpoint: moto!.url };
    s3 = new S3Client({ endpoint: moto!.url, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "logs" }));
    for (const key of flowLogKeys()) content.set(key, bytesFor(key, 50 + (key.length % 13)));
    const all = [...content];
    for (let i = 0; i < all.length; i += 16)
      await Promise.all(all.slice(i, i + 16).map(([key, body]) => put(key, body)));
    await put("plain/AWSLogs/123456789012/CloudTrail/us-east-1/2025/02/27/trail.json.gz", Buffer.from("{}"));
    await put("plain/", Buffer.alloc(0));
  });
  afterAll(() => moto?.stop());

  async function proxied(options: Partial<FaultOptions> = {}) {
    const proxy = await startFaultProxy({ target: moto!.url, rate: 0, seed: SEED, stallMs: 10_000, ...options });
    return { proxy, aws: { endpoint: proxy.url, timeoutMs: 2500 } };
  }

  it("lists thousands of keys of all layouts, accounts and regions, in canonical order", async () => {
    const plan = await planSources(["s3://logs", "s3://logs/plain/"], { aws, events });
    expect(plan.objects.map((object) => object.name).sort()).toEqual(
      keysUnder("")
        .map((key) => `s3://logs/${key}`)
        .sort(),
    );
    expect(plan.objects.map((object) => object.time)).toEqual(
      plan.objects.map((o) => o.time).toSorted((a, b) => a! - b!),
    );
    expect(plan.bytes).toBe([...content.values()].reduce((sum, body) => sum + body.length, 0));
    expect(notes).toContain("set aside 1 folder marker (s3://logs/plain/)");
  });

  it.each(Object.keys(LAYOUTS))("reads %s keys of the window only, and lists only their days", async (layout) => {
    const { proxy, aws } = await proxied();
    const from = Date.parse("2025-03-01T06:00:00Z") / 1000;
    const plan = await planSources([`s3://logs`], { from, to: from + 7200, aws, events });
    const wanted = keysUnder("").filter((key) => timeOf(key) >= from - 900 && timeOf(key) <= from + 7200 + 3600);
    expect(plan.objects.map((object) => object.name).sort()).toEqual(wanted.map((key) => `s3://logs/${key}`).sort());
    expect(proxy.requests.filter((line) => decodeURIComponent(line).includes(`prefix=${layout}/`)).length).toBeLessThan(
      30,
    );
    expect(proxy.requests.some((line) => /2025(%2F|%2Fmonth%3D)02/.test(line))).toBe(false);
    await proxy.close();
  });

  it("reads the same bytes with every tenth request failing, and counts the retries", async () => {
    const { proxy, aws } = await proxied({ rate: 0.1 });
    let retries = 0;
    const counting = { note: () => {}, retry: () => void retries++ };
    const { objects } = await planSources(["s3://logs/hive/", "s3://logs/plain/"], { aws, events: counting });
    const sample = objects.filter((_, i) => i % 20 === 0);
    for (let i = 0; i < sample.length; i += 8) {
      const batch = sample.slice(i, i + 8);
      const bodies = await Promise.all(batch.map((object) => read(object, aws, counting.retry)));
      bodies.forEach((body, j) => expect(body).toEqual(content.get(batch[j]!.name.slice("s3://logs/".length))));
    }
    const faults = Object.values(proxy.faults).reduce((a, b) => a + b, 0);
    expect(faults, `seed ${SEED}`).toBeGreaterThan(10);
    expect(retries, `seed ${SEED}, faults ${JSON.stringify(proxy.faults)}`).toBeGreaterThanOrEqual(faults);
    await proxy.close();
  });

  it("resumes a cut transfer where it stopped", async () => {
    const key = "big/x_20250304T0900Z_1.log.gz";
    const body = bytesFor(key, 6_000_001);
    await put(key, body);
    const { proxy, aws } = await proxied({ rate: 0.5, kinds: ["truncated"] });
    const { objects } = await planSources([`s3://logs/${key}`], { aws, events });
    let retries = 0;
    expect((await read(objects[0]!, aws, () => void retries++)).equals(body)).toBe(true);
    expect(retries).toBeGreaterThan(0);
    await proxy.close();
  });

  it("finds the path-style address of AWS_ENDPOINT_URL by itself", async () => {
    process.env.AWS_ENDPOINT_URL = moto!.url.replace("127.0.0.1", "localhost");
    const plan = await planSources(["s3://logs/hive-hourly/"], { aws: {}, events });
    delete process.env.AWS_ENDPOINT_URL;
    expect(plan.objects).toHaveLength(keysUnder("hive-hourly/").length);
  });

  it("names what changed or vanished after the plan", async () => {
    await put("late/a_20250304T0900Z_1.log.gz", Buffer.from("before"));
    await put("late/b_20250304T0900Z_1.log.gz", Buffer.from("before"));
    const { objects } = await planSources(["s3://logs/late/"], { aws, events });
    await put("late/a_20250304T0900Z_1.log.gz", Buffer.from("after!"));
    await s3.send(new DeleteObjectCommand({ Bucket: "logs", Key: "late/b_20250304T0900Z_1.log.gz" }));
    const [changed, gone] = objects;
    await expect(read(changed!, aws, () => {})).rejects.toThrow(
      `cannot read ${changed!.name}: it changed while it was read`,
    );
    await expect(read(gone!, aws, () => {})).rejects.toThrow(`cannot read ${gone!.name}: it is gone`);
  });

  it.each([
    ["s3://no-such-bucket/x", "cannot read s3://no-such-bucket/x: no such bucket"],
    ["s3://logs/nothing/here", "no flow log object under s3://logs/nothing/here"],
    ["s3://", "no bucket in s3://"],
  ])("says what is wrong with %s", async (uri, message) => {
    await expect(planSources([uri], { aws, events })).rejects.toThrow(message);
  });
});
