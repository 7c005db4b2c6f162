import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openObject } from "../../src/source/open.ts";
import { testEnvironment } from "../helpers/moto.ts";
import type { SourceObject } from "../../src/source/source.ts";

let server: Server;
let asked: { nextToken?: string; startTime: number; endTime: number }[];
let answers: { status?: number; body: object }[];

beforeEach(async () => {
  asked = [];
  server = createServer(async (request, response) => {
    asked.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
    const { status = 200, body } = answers.shift()!;
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
  });
  // A pause of the client must not end as a reset, which would count as one more retry.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  Object.assign(process.env, testEnvironment);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const hour: SourceObject = {
  name: "cloudwatch://flow/2025-03-04T09:00Z@2025-03-04T09:30:00Z",
  size: null,
  etag: "100..200",
  time: 0,
  kind: "cloudwatch",
  locator: { group: "flow", streams: "eni-", from: 5, to: 9, ingestedFrom: 100, ingestedTo: 200 },
};

async function read(): Promise<{ text: string; chunks: number; retries: number }> {
  const result = { text: "", chunks: 0, retries: 0 };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const events = { note: () => {}, retry: () => void result.retries++ };
  for await (const chunk of openObject(hour, { aws: { endpoint, region: "us-east-1" }, events })) {
    result.text += String(chunk);
    result.chunks++;
  }
  return result;
}

const event = (message: string, ingestionTime: number, logStreamName = "eni-1-all") => ({
  message,
  ingestionTime,
  logStreamName,
});

it("reads on after empty pages and takes only events of the part and the streams", async () => {
  answers = [
    { body: { events: [], nextToken: "a" } },
    { body: { events: [event("one", 100), event("before", 99), event("after", 200)], nextToken: "b" } },
    { body: { nextToken: "c" } },
    { body: { events: [event("two\n", 199), event("other", 150, "lambda")] } },
  ];
  expect(await read()).toEqual({ text: "one\ntwo\n", chunks: 2, retries: 0 });
  expect(asked.map((request) => request.nextToken)).toEqual([undefined, "a", "b", "c"]);
  expect(asked[0]).toMatchObject({ logGroupName: "flow", logStreamNamePrefix: "eni-", startTime: 5, endTime: 9 });
});

it("waits and asks again when it is throttled", async () => {
  const throttled = { status: 400, body: { __type: "ThrottlingException", message: "Rate exceeded" } };
  answers = [throttled, throttled, { body: { events: [event("one", 100)] } }];
  expect(await read()).toEqual({ text: "one\n", chunks: 1, retries: 2 });
});

it("fails when CloudWatch gives the same page twice", async () => {
  answers = [{ body: { nextToken: "a" } }, { body: { nextToken: "a" } }];
  await expect(read()).rejects.toThrow(`cannot read ${hour.name}: CloudWatch Logs gave the same page twice`);
});

it("names the action that is denied", async () => {
  answers = [{ status: 400, body: { __type: "AccessDeniedException", message: "no" } }];
  await expect(read()).rejects.toMatchObject({
    message: `cannot read ${hour.name}: logs:FilterLogEvents is denied`,
    hint: "allow logs:FilterLogEvents in the IAM policy",
  });
});
