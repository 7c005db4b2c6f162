import { describe, expect, it } from "vitest";

import { decodeText } from "./collect.ts";
import { HEADER, nodata, SSH, sshRow, withField } from "./examples.ts";

describe("records that are read", () => {
  const v6 = "2001:db8:1234:a100:8d6e:3477:df66:f105";
  const cases: [string, string, object[]][] = [
    ["default format without header", SSH, [sshRow]],
    ["header first", `${HEADER}\n${SSH}\n`, [{ ...sshRow, line: 2 }]],
    ["CRLF", `${HEADER}\r\n${SSH}\r\n`, [{ ...sshRow, line: 2 }]],
    ["runs of spaces and tabs", `  ${SSH.replaceAll(" ", " \t ")}  \n`, [sshRow]],
    ["blank lines and comments", `\n  \t\r\n# note\n${SSH} #seen\n`, [{ ...sshRow, line: 4 }]],
    ["byte order mark", `\u{feff}${SSH}`, [sshRow]],
    ["permission check glued on", `Permission Check Successful${SSH}`, [sshRow]],
    ["permission check alone", `Permission Check Successful\n${SSH}`, [{ ...sshRow, line: 2 }]],
    ["CloudWatch export", `2024-12-20T18:23:02.000Z ${SSH}`, [sshRow]],
    ["as long as any record", withField("end", "1418530730"), [{ ...sshRow, end: 1418530730 }]],
    [
      "the first and the last second",
      `${SSH.replace("1418530010 1418530070", "1388534400 1388534400")}\n${SSH.replace("1418530010 1418530070", "4102444799 4102444799")}\n`,
      [
        { ...sshRow, start: 1388534400, end: 1388534400 },
        { ...sshRow, line: 2, start: 4102444799, end: 4102444799 },
      ],
    ],
    ["milliseconds", withField("start", "1418530010999").replace("1418530070", "1418530070001"), [sshRow]],
    ["NODATA", "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA", [nodata]],
    [
      "SKIPDATA",
      "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - SKIPDATA",
      [{ ...nodata, status: "SKIPDATA" }],
    ],
    [
      "SKIPDATA that is too long",
      "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431290934 - SKIPDATA",
      [{ ...nodata, end: 1431290934, status: "SKIPDATA" }],
    ],
    [
      "IPv6",
      SSH.replace("172.31.16.139", v6).replace("172.31.16.21", "::ffff:10.0.0.1"),
      [{ ...sshRow, src: v6, dst: "::ffff:a00:1" }],
    ],
    ["account of 11 digits", withField("account-id", "12345678910"), [{ ...sshRow, accountId: "12345678910" }]],
    ["unknown account", withField("account-id", "unknown"), [{ ...sshRow, accountId: "unknown" }]],
    ["account from a spreadsheet", withField("account-id", "6.02485E+11"), [{ ...sshRow, accountId: "6.02485E+11" }]],
    ["numbers from a data frame", SSH.replace("20641 22 6", "20641.0 22.0 6.0"), [sshRow]],
    ["large counts", withField("bytes", "9007199254740991"), [{ ...sshRow, bytes: 9007199254740991 }]],
    ["no interface (regional NAT gateway)", withField("interface-id", "-"), [{ ...sshRow, interfaceId: "-" }]],
    ["version of two digits", withField("version", "11"), [sshRow]],
    ["no action although OK", withField("action", "-"), [{ ...sshRow, action: null }]],
    ["header with underscores", `${HEADER.replaceAll("-", "_")}\n${SSH}`, [{ ...sshRow, line: 2 }]],
    [
      "another layout from the middle on",
      `${SSH}\ninterface-id dstaddr srcaddr future-field pkt-srcaddr\neni-1 10.0.0.1 10.0.0.2 x 192.0.2.1\n${HEADER}\n${SSH}\n`,
      [
        sshRow,
        {
          ...nodata,
          line: 3,
          interfaceId: "eni-1",
          accountId: "-",
          src: "10.0.0.2",
          dst: "10.0.0.1",
          pktSrc: "192.0.2.1",
          pktDst: "10.0.0.1",
          start: null,
          end: null,
          status: "OK",
        },
        { ...sshRow, line: 5 },
      ],
    ],
  ];
  it.each(cases)("%s", (_, text, expected) => {
    const { rows, bad } = decodeText(text);
    expect(bad).toEqual([]);
    expect(rows).toEqual(expected);
  });

  it("reads the later fields", () => {
    const fields = `${HEADER} vpc-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction traffic-path reject-reason`.split(
      " ",
    );
    const further = { "vpc-id": "vpc-1", "traffic-path": "8" };
    const later = { tcpFlags: 3, pktSrc: "192.0.2.1", pktDst: "192.0.2.2", direction: "egress", further };
    const { rows, bad } = decodeText(
      [
        `${SSH} vpc-1 3 192.0.2.1 192.0.2.2 egress 8 -`,
        `${SSH} vpc-1 3 192.0.2.1 192.0.2.2 egress 8 -`,
        `${SSH} vpc-1 - 192.0.2.1 192.0.2.2 ingress - BPA`,
        `${SSH} - 3 - - - - NEW`,
      ].join("\n"),
      fields,
    );
    expect(bad).toEqual([]);
    expect(rows).toEqual([
      { ...sshRow, ...later },
      { ...sshRow, ...later, line: 2 },
      {
        ...sshRow,
        ...later,
        line: 3,
        tcpFlags: null,
        direction: "ingress",
        rejectReason: "BPA",
        further: { "vpc-id": "vpc-1" },
      },
      { ...sshRow, line: 4, tcpFlags: 3, rejectReason: "other" },
    ]);
  });
});

describe("formats of AWS's documentation without action, times or ports", () => {
  const none = { ...nodata, accountId: "-", start: null, end: null, status: "OK" };
  it.each<[string, string, string, object]>([
    [
      "zonal NAT gateway",
      "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr",
      "- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
      { ...none, src: "10.0.1.5", dst: "10.0.0.220", pktSrc: "10.0.1.5", pktDst: "203.0.113.5" },
    ],
    [
      "regional NAT gateway",
      "resource-id instance-id interface-id subnet-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr",
      "nat-1234567890abcdef - - - 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5",
      { ...none, interfaceId: "-", src: "10.0.1.5", dst: "203.0.113.5", pktSrc: "10.0.1.5", pktDst: "203.0.113.5" },
    ],
    [
      "transit gateway attachment, no counts and times",
      "version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol tcp-flags type pkt-srcaddr pkt-dstaddr action log-status",
      "3 eni-11111111111111111 123456789010 vpc-a subnet-1 - 10.40.1.175 10.40.2.236 39812 80 6 3 IPv4 10.20.33.164 10.40.2.236 ACCEPT OK",
      {
        ...none,
        interfaceId: "eni-11111111111111111",
        accountId: "123456789010",
        src: "10.40.1.175",
        dst: "10.40.2.236",
        pktSrc: "10.20.33.164",
        pktDst: "10.40.2.236",
        srcPort: 39812,
        dstPort: 80,
        protocol: 6,
        tcpFlags: 3,
        action: "ACCEPT",
      },
    ],
    [
      "one of a pair only: the port is not known, the time is",
      "interface-id dstaddr srcaddr dstport end action",
      "eni-1235b8ca123456789 10.0.0.1 10.0.0.2 443 1620000000 ACCEPT",
      { ...none, src: "10.0.0.2", dst: "10.0.0.1", start: 1620000000, end: 1620000000, action: "ACCEPT" },
    ],
  ])("%s", (_, fields, record, expected) => {
    // Twice, so that the second one goes through the scanner where it can.
    const { rows, bad } = decodeText(`${fields}\n${record}\n${record}\n${"#".repeat(40)}`);
    expect(bad).toEqual([]);
    expect(rows).toMatchObject([2, 3].map((line) => ({ ...expected, further: expect.anything(), line })));
  });

  it("keeps the fields that no record is judged by, as a set", () => {
    const fields =
      "interface-id vpc-id subnet-id az-id srcaddr dstaddr instance-id ecs-service-name interface-tag traffic-path";
    const record = "eni-1 vpc-a subnet-1 - 10.0.0.1 10.0.0.2 i-1 web prod%20blue 8";
    const further = {
      "vpc-id": "vpc-a",
      "subnet-id": "subnet-1",
      "instance-id": "i-1",
      "ecs-service-name": "web",
      "interface-tag": "prod%20blue",
      "traffic-path": "8",
    };
    const { rows, bad } = decodeText(
      `${fields}\n${record}\n${record}\n${record.replaceAll(" ", "  ")}\neni-1 - - - 10.0.0.1 10.0.0.2 - - - -\n${"#".repeat(40)}`,
    );
    expect(bad).toEqual([]);
    expect(rows.map((row) => row.further)).toEqual([further, further, further, {}]);
    // Whatever the order of the fields, a set has one number.
    const other = decodeText(`vpc-id interface-id srcaddr dstaddr\nvpc-a eni-1 10.0.0.1 10.0.0.2\n`);
    expect(other.rows[0].further).toEqual({ "vpc-id": "vpc-a" });
  });
});

describe("lines that are no record", () => {
  const cases: [string, string][] = [
    ["wrong_field_count", SSH.replace(" OK", "")],
    ["wrong_field_count", `${SSH} one-too-many`],
    ["wrong_field_count", "2024-12-20T18:23:02.000Z "],
    ["invalid_action", withField("action", "SUCCESS")],
    ["invalid_action", withField("action", "ACCEPTED")],
    ["invalid_log_status", withField("log-status", "OKAY")],
    ["invalid_log_status", withField("log-status", "-")],
    ["invalid_address", withField("srcaddr", "172.31.16")],
    ["invalid_address", withField("srcaddr", "172.31.16.256")],
    ["invalid_address", withField("srcaddr", "172.31.016.1")],
    ["invalid_address", withField("dstaddr", "2001:db8::1::2")],
    ["mixed_families", withField("dstaddr", "2001:db8::1")],
    ["invalid_number", withField("srcport", "-1")],
    ["invalid_number", withField("packets", "9007199254740993")],
    ["invalid_number", withField("packets", "1e6")],
    ["invalid_number", withField("packets", "2.5")],
    ["invalid_number", withField("version", "x")],
    ["out_of_range", withField("srcport", "65536")],
    ["out_of_range", withField("protocol", "256")],
    ["time_out_of_range", withField("end", "4294967296")],
    ["invalid_start", withField("start", "2014-12-14")],
    ["invalid_end", withField("end", "1e9")],
    ["end_before_start", withField("end", "1418530009")],
    ["record_too_long", withField("end", "1418530731")],
    ["record_too_long", withField("start", "1418527010")],
    ["record_too_long", "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431290934 - NODATA"],
    ["time_out_of_range", withField("start", "1388534399").replace("1418530070", "1388534400")],
    ["time_out_of_range", withField("start", "1318530010").replace("1418530070", "1318530070")],
    ["time_out_of_range", withField("start", "4102443900").replace("1418530070", "4102444800")],
    ["time_out_of_range", withField("start", "0").replace("1418530070", "0")],
    ["invalid_interface_id", withField("interface-id", "eni-<b>")],
    ["invalid_interface_id", withField("interface-id", `eni-${"0".repeat(70)}`)],
    ["invalid_account_id", withField("account-id", "=1+1")],
    ["transit_gateway_record", "6 TransitGateway 123456789012 tgw-0abc tgw-attach-0abc 123456789012 123456789012"],
    ["transit_gateway_record", withField("interface-id", "tgw-0abc")],
    ["binary_data", withField("srcport", "\u0000\u001b[31m")],
  ];
  it.each(cases)("%s: %s", (reason, text) => {
    const { rows, bad } = decodeText(`${HEADER}\n${text}\n${SSH}\n`);
    expect(bad).toMatchObject([{ line: 2, reason }]);
    expect(rows).toEqual([{ ...sshRow, line: 3 }]);
  });

  it("refuses every line below the header of a transit gateway flow log, until another header", () => {
    const { rows, bad } = decodeText(
      `version account-id tgw-id srcaddr dstaddr\n6 1 tgw-1 10.0.0.1 10.0.0.2\n${HEADER}\n${SSH}`,
    );
    expect(bad).toMatchObject([{ line: 2, reason: "transit_gateway_record" }]);
    expect(rows).toEqual([{ ...sshRow, line: 4 }]);
  });

  it("keeps the text harmless and short", () => {
    const { bad } = decodeText(`\u001b[31m\u{202e}${"é".repeat(500)}\n`);
    expect(bad[0].text).toMatch(/^\\x1b\[31m\\u\{202e\}é+$/);
    expect(bad[0].text).toHaveLength(200);
  });
});

it("reads formats of any number of fields, also of repeated ones", () => {
  const names = Array.from({ length: 400 }, (_, at) => ["vpc-id", "srcaddr", "x-y", "region"][at % 4]);
  const record = names.map((name) => (name === "srcaddr" ? "10.0.0.1" : `${name}.1`)).join(" ");
  const { rows, bad } = decodeText(`${record}\n${record}\n${"#".repeat(40)}`, names);
  expect(bad).toEqual([]);
  expect(rows.map((row) => row.further)).toEqual(
    Array.from({ length: 2 }, () => ({ "vpc-id": "vpc-id.1", region: "region.1" })),
  );
});
