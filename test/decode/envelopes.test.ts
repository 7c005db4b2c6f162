import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { decodeBytes, decodeWithNotes } from "./collect.ts";

const RECORD = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 40000 22 6 10 840 1620000000 1620000060 ACCEPT OK";
const UNTIMED = "eni-1 10.0.0.1 10.0.0.2 OK";
const FIELDS = ["interface-id", "srcaddr", "dstaddr", "log-status"];
const packed = (text: string): string => gzipSync(text).toString("base64");
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const subscription = JSON.stringify({
  messageType: "DATA_MESSAGE",
  owner: "123456789012",
  logStream: "eni-1-all",
  logEvents: [{ id: "1", timestamp: 1620000000000, message: RECORD }],
});

/** Each holds the record once. */
const ENVELOPES: [string, unknown][] = [
  ["Firehose over HTTP", { requestId: "1", timestamp: 1, records: [{ data: packed(subscription) }] }],
  ["Firehose over HTTP, raw lines", { records: [{ data: base64(`${RECORD}\n`) }] }],
  ["Firehose in Lambda", { invocationId: "1", records: [{ recordId: "1", data: packed(subscription) }] }],
  ["Firehose's failures", { attemptsMade: 4, errorCode: "x", rawData: packed(subscription) }],
  ["a subscription in Lambda", { awslogs: { data: packed(subscription) } }],
  ["Kinesis in Lambda", { Records: [{ eventID: "1", kinesis: { data: packed(subscription) } }] }],
  [
    "aws kinesis get-records",
    { Records: [{ SequenceNumber: "1", Data: packed(subscription) }], NextShardIterator: "x" },
  ],
  ["packed twice", { records: [{ data: gzipSync(gzipSync(subscription)).toString("base64") }] }],
  ["SQS in Lambda", { Records: [{ messageId: "1", body: RECORD }] }],
  ["SNS in SQS", { Records: [{ body: JSON.stringify({ Type: "Notification", Message: RECORD, message: RECORD }) }] }],
  ["aws sqs receive-message", { Messages: [{ MessageId: "1", Body: RECORD, body: RECORD }] }],
  ["filter-log-events", { events: [{ logStreamName: "eni-1-all", timestamp: 1620000000000, message: RECORD }] }],
  [
    "get-query-results",
    {
      results: [
        [
          { field: "@timestamp", value: "x" },
          { field: "@message", value: RECORD },
        ],
      ],
    },
  ],
  ["Fluent Bit", { date: 1620000000.25, log: RECORD }],
  ["Splunk's export", { preview: false, result: { _raw: RECORD, _time: "2021-05-03T00:00:00.000+0000" } }],
  ["Splunk's collector", { time: 1620000000.5, event: RECORD, sourcetype: "aws:cloudwatchlogs:vpcflow" }],
  ["Loki's client", { labels: {}, line: RECORD, timestamp: "2021-05-03T00:00:00Z" }],
  ["Loki's API", { data: { result: [{ stream: {}, values: [["1620000000000000000", RECORD]] }] } }],
  ["Elastic", { "@timestamp": "2021-05-03T00:00:00Z", event: { original: RECORD, kind: "event" }, tags: ["a b"] }],
  ["Elasticsearch's answer", { took: 1, hits: { total: 1, hits: [{ _source: { event: { original: RECORD } } }] } }],
  ["dotted keys", { "event.original": RECORD }],
  ["OpenTelemetry", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: RECORD } }] }] }] }],
  ["Datadog", { attributes: { message: RECORD, service: "vpc" } }],
  ["an unknown key", { entry: { t: 1, content: RECORD }, host: "a" }],
  ["JSON in JSON", { message: JSON.stringify({ message: RECORD }) }],
  ["a list of strings", [RECORD]],
  ["a string", RECORD],
];

const lineAndPort = async (content: string): Promise<unknown> => {
  const { rows, bad } = await decodeBytes(content);
  return { rows: rows.map(({ line, srcPort, dstPort }) => [line, srcPort, dstPort]), bad };
};

describe("envelopes", () => {
  it.each(ENVELOPES)("%s", async (_, value) => {
    for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      expect(await lineAndPort(text)).toEqual({ rows: [[1, 40000, 22]], bad: [] });
    }
    const one = JSON.stringify(value);
    expect(await lineAndPort(`${one}\n${one}\n`)).toMatchObject({ rows: [{}, {}], bad: [] });
  });

  it.each([
    ["seconds with a fraction", { date: 1620000000.9, log: UNTIMED }],
    ["milliseconds", { timestamp: 1620000000123, message: UNTIMED }],
    ["a zone without a colon", { _time: "2021-05-03T02:00:00.000+0200", _raw: UNTIMED }],
    ["the event around it", { logEvents: [{ timestamp: 1620000000000, message: UNTIMED }] }],
    ["the object around it", { "@timestamp": "2021-05-03T00:00:00Z", event: { original: UNTIMED } }],
  ])("give a record without times that of its event: %s", async (_, value) => {
    const { rows, bad } = await decodeBytes(JSON.stringify(value), FIELDS);
    expect([rows.map(({ start, end }) => [start, end]), bad]).toEqual([[[1620000000, 1620000000]], []]);
  });

  it("count what is in a list and holds no record", async () => {
    const list = {
      records: [{ data: packed(subscription) }, { data: "!" }, { data: base64("two words") }, { other: 1 }],
    };
    const { rows, bad } = await decodeBytes(JSON.stringify(list));
    expect(rows).toHaveLength(1);
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual([
      [2, "unknown_json"],
      [3, "wrong_field_count"],
      [4, "unknown_json"],
    ]);
  });

  it("says that what is packed in them is damaged", async () => {
    const blob = gzipSync(subscription).subarray(0, -12).toString("base64");
    expect(await decodeBytes(JSON.stringify({ awslogs: { data: blob } }))).toMatchObject({
      bad: [{ line: 1, reason: "corrupt_gzip" }],
    });
  });
});

describe("documents of other schemas", () => {
  const values = {
    interfaceId: "eni-1",
    accountId: "123456789012",
    src: "10.0.0.1",
    dst: "10.0.0.2",
    srcPort: 40000,
    dstPort: 22,
    protocol: 6,
    packets: 10,
    bytes: 840,
    start: 1620000000,
    end: 1620000060,
    action: "REJECT",
    status: "OK",
  };
  const ocsf = {
    class_uid: 4001,
    category_uid: 4,
    time: 1620000000000,
    start_time: 1620000000000,
    end_time: 1620000060000,
    metadata: { version: "1.1.0", product: { name: "Amazon VPC", version: "5" } },
    cloud: { account: { uid: "123456789012" }, region: "eu-west-1", zone: "euw1-az1" },
    src_endpoint: { ip: "10.0.0.1", port: 40000, svc_name: "-" },
    dst_endpoint: { ip: "10.0.0.2", port: 22, interface_uid: "eni-1", vpc_uid: "vpc-1", subnet_uid: "subnet-1" },
    connection_info: { protocol_num: 6, tcp_flags: 2, direction: "Inbound", direction_id: 1 },
    traffic: { packets: 10, bytes: 840 },
    action: "Denied",
    status_code: "OK",
  };
  const { cloud, action: _, ...rest } = ocsf;
  const ecs = {
    "@timestamp": "2021-05-03T00:01:00.000Z",
    aws: {
      vpcflow: { account_id: "123456789012", interface_id: "eni-1", action: "REJECT", log_status: "OK", version: "2" },
    },
    source: { ip: "10.0.0.1", port: 40000, address: "10.0.0.1", bytes: 840, packets: 10 },
    destination: { ip: "10.0.0.2", port: 22, address: "10.0.0.2" },
    network: { iana_number: "6", transport: "tcp", bytes: 840, packets: 10, type: "ipv4" },
    event: { start: "2021-05-03T00:00:00.000Z", end: "2021-05-03T00:01:00.000Z", action: "reject", kind: "event" },
    agent: { version: "8.1.0" },
  };
  it.each([
    ["OCSF 1.1", ocsf, { ...values, direction: "ingress", tcpFlags: 2 }],
    ["OCSF 1.0", { ...rest, cloud: { account_uid: "123456789012" }, activity_name: "Refuse" }, values],
    ["OCSF with a disposition", { ...rest, cloud, disposition: "Blocked", action: null }, values],
    ["Elastic Common Schema", ecs, values],
    ["Elastic Common Schema in an answer", { hits: { hits: [{ _id: "1", _source: ecs }] } }, values],
  ])("%s", async (_, document, expected) => {
    const { rows, bad } = await decodeBytes(JSON.stringify(document));
    expect(bad).toEqual([]);
    expect(rows).toMatchObject([expected]);
  });
});

describe("what the AWS CLI prints", () => {
  const line = (before: string): string => `${before}${RECORD}\n`;
  it.each([
    ["aws logs tail", line("2021-05-03T00:00:00.123000+00:00 eni-0a1-all ")],
    ["aws logs tail --format short", line("2021-05-03T00:00:00 ")],
    ["aws logs tail --format json", line("2021-05-03T00:00:00.123000+00:00 eni-0a1-accept ")],
    ["awslogs get", line("vpc-flow eni-0a1-reject ")],
    [
      "awslogs get --timestamp",
      line("/vpc/flow eni-0a1-all 2021-05-03T00:00:00.000Z ").replace(/(eni-0a1-all) (\S+)/, "$2 $1"),
    ],
    ["a date and a time", line("2021-05-03 00:00:00.000 ")],
    ["a number before each line", line("1 ")],
    [
      "filter-log-events --output text",
      `EVENTS\t3880\t1620000300000\teni-0a1-all\t${RECORD}\t1620000000000\nSEARCHEDLOGSTREAMS\teni-0a1-all\tTrue\n`,
    ],
    ["get-log-events --output text", `b/36/s\tf/37/s\nEVENTS\t1620000300000\t${RECORD}\t1620000000000\n`],
    [
      "get-query-results --output text",
      `Complete\nRESULTS\t@timestamp\t2021-05-03 00:00:00.000\nRESULTS\t@message\t${RECORD}\nRESULTS\t@ptr\tCm\nSTATISTICS\t1\t2\t3\n`,
    ],
  ])("%s", async (_, text) => {
    for (const content of [text, text.replaceAll("\n", "\r\n"), text.trimEnd()]) {
      for (const size of [11, 1 << 20]) {
        const { rows, bad } = await decodeBytes(content, undefined, size);
        expect([rows.map(({ srcPort, dstPort }) => [srcPort, dstPort]), bad]).toEqual([[[40000, 22]], []]);
      }
    }
  });

  it("get-query-results with fields, record by record", async () => {
    const row = (port: number): string =>
      [
        ["@timestamp", "2021-05-03 00:00:00.000"],
        ["interfaceId", "eni-1"],
        ["srcAddr", "10.0.0.1"],
        ["dstAddr", "10.0.0.2"],
        ["dstPort", String(port)],
        ["action", "REJECT"],
      ]
        .map((cells) => `RESULTS\t${cells.join("\t")}\n`)
        .join("");
    const { rows, bad } = await decodeBytes(`${row(1)}${row(2)}Complete\n`);
    expect(bad).toEqual([]);
    expect(rows).toMatchObject([
      { start: 1620000000, action: "REJECT", src: "10.0.0.1" },
      { start: 1620000000, action: "REJECT", src: "10.0.0.1" },
    ]);
  });

  it("keeps the words before a record that are of another kind", async () => {
    const { rows, bad } = await decodeBytes(`some words ${RECORD}\n${RECORD} 7\n`);
    expect(rows).toEqual([]);
    expect(bad.map(({ reason }) => reason)).toEqual(["wrong_field_count", "wrong_field_count"]);
  });
});

describe("no line names the fields", () => {
  const sorted = [
    "account-id action az-id bytes dstaddr dstport end flow-direction instance-id interface-id log-status packets",
    "pkt-dst-aws-service pkt-dstaddr pkt-src-aws-service pkt-srcaddr protocol region srcaddr srcport start sublocation-id",
    "sublocation-type subnet-id tcp-flags traffic-path type version vpc-id",
  ]
    .join(" ")
    .split(" ");
  const value: Record<string, string> = {
    version: "5",
    "account-id": "123456789012",
    "interface-id": "eni-1",
    srcaddr: "10.0.0.1",
    dstaddr: "10.0.0.2",
    srcport: "40000",
    dstport: "22",
    protocol: "6",
    packets: "10",
    bytes: "840",
    start: "1620000000",
    end: "1620000060",
    action: "ACCEPT",
    "log-status": "OK",
    "flow-direction": "ingress",
    "tcp-flags": "2",
    type: "IPv4",
    "pkt-srcaddr": "10.0.0.1",
    "pkt-dstaddr": "10.0.0.2",
  };
  const lineOf = (names: readonly string[]): string => names.map((name) => value[name] ?? "-").join(" ");

  it("an order that many flow logs have is recognised, with a note", async () => {
    const { rows, bad, notes } = await decodeWithNotes(`${lineOf(sorted)}\n${lineOf(sorted)}\n`);
    expect(bad).toEqual([]);
    expect(rows).toMatchObject(
      Array.from({ length: 2 }, () => ({ srcPort: 40000, dstPort: 22, direction: "ingress" })),
    );
    expect(notes).toEqual([
      "no line names the fields: read as all 29 fields up to version 5 in the order of their names; " +
        "if the flow log has another order, give it with --fields",
    ]);
  });

  it("another order is never guessed: the note says how many lines have how many fields", async () => {
    const line = lineOf([...sorted.slice(1), sorted[0], "region"]);
    const { rows, bad, notes } = await decodeWithNotes(`${line}\n${line}\n`);
    expect([rows, bad.length]).toEqual([[], 2]);
    expect(notes).toEqual([
      "2 of 2 lines have the wrong number of fields: most have 30, not the 14 of the default format; " +
        "give the order of the flow log's fields with --fields",
    ]);
  });

  it("is said nothing of where single lines are damaged", async () => {
    const { notes } = await decodeWithNotes(`${`${RECORD}\n`.repeat(5)}broken line\n`);
    expect(notes).toEqual([]);
  });
});
