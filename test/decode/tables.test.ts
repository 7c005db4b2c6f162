import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBytes } from "./collect.ts";

const NAMES =
  "account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action log_status".split(
    " ",
  );
const VALUES = "123456789012 eni-1 10.0.0.1 10.0.0.2 40000 22 6 10 840 1620000000 1620000060 REJECT OK".split(" ");
const ROW = {
  accountId: "123456789012",
  interfaceId: "eni-1",
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
const change = (changes: Record<string, string>): string[] => NAMES.map((name, at) => changes[name] ?? VALUES[at]);
const table = (rows: readonly (readonly string[])[], delimiter = ","): string =>
  rows.map((row) => `${row.join(delimiter)}\n`).join("");

const expectRows = async (content: string, rows: readonly object[] = [ROW]): Promise<void> => {
  for (const size of [13, 1 << 20]) {
    const { rows: found, bad } = await decodeBytes(content, undefined, size);
    expect(bad).toEqual([]);
    expect(found).toMatchObject(rows);
    expect(found).toHaveLength(rows.length);
  }
};

describe("tables", () => {
  it.each([[","], [";"], ["\t"], ["|"]])("have any separator: %j", async (delimiter) => {
    await expectRows(table([NAMES, VALUES], delimiter));
    const quoted = (row: readonly string[]): string[] => row.map((cell) => `"${cell}"`);
    await expectRows(table([quoted(NAMES), quoted(VALUES)], delimiter));
    await expectRows(
      table(
        [
          ["", ...NAMES],
          ["0", ...VALUES],
          ["1", ...VALUES],
        ],
        delimiter,
      ),
      [ROW, ROW],
    );
  });

  it.each([
    ["accountId interfaceId srcAddr dstAddr srcPort dstPort protocol packets bytes start end action logStatus"],
    [
      "account interface_id sourceaddress destinationaddress sourceport destinationport protocol numpackets numbytes starttime endtime action logstatus",
    ],
    [
      "account_id interface_id src_ip dest_ip src_port dest_port protocol_code packets bytes start_time end_time vpcflow_action log_status",
    ],
    [
      "Account ID,Interface ID,Source Address,Destination Address,Source Port,Destination Port,Protocol,Packets,Bytes,Start,End,Action,Log Status",
    ],
  ])("have the names of others: %s", async (names) => {
    const header = names.includes(",") ? names.split(",") : names.split(" ");
    await expectRows(table([header, VALUES]));
  });

  it.each([
    ["a time first", ["2021-05-03T00:00:00Z"]],
    ["a time of two words first", ["2021-05-03 00:00:00.000"]],
  ])("have no header, and %s", async (_, before) => {
    const row = [...before, "2", ...VALUES];
    await expectRows(table([row, row]), [ROW, ROW]);
  });

  it("have no header, and a row number first", async () => {
    await expectRows(
      table([
        ["1", "2", ...VALUES],
        ["2", "2", ...VALUES],
      ]),
      [ROW, ROW],
    );
  });

  it("have no header, and a record in a cell", async () => {
    await expectRows(table([["1620000000000", `"2 ${VALUES.join(" ")}"`, "eni-1-all"]]));
    await expectRows(table([["1", `2 ${VALUES.join(" ")}`]], "\t"));
  });

  it("have an index without a name in the header", async () => {
    await expectRows(table([NAMES, ["1", ...VALUES], ["2", ...VALUES]]), [ROW, ROW]);
  });

  it("have columns of others, however many and wherever", async () => {
    const foreign = fc.array(fc.constantFrom("e", "team", "geo", "cost_center", "src_asn"), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(foreign, fc.nat(), async (extra, at) => {
        const place = at % (NAMES.length + 1);
        const put = (row: readonly string[], cells: readonly string[]): string[] => row.toSpliced(place, 0, ...cells);
        const header = put(
          NAMES,
          extra.map((name, index) => `${name}_${index}`),
        );
        const row = put(
          VALUES,
          extra.map(() => "x"),
        );
        for (const content of [
          table([header, row]),
          JSON.stringify(Object.fromEntries(header.map((name, index) => [name, row[index]]))),
        ]) {
          const { rows, bad } = await decodeBytes(content);
          expect([rows.length, bad]).toEqual([1, []]);
          expect(rows).toMatchObject([ROW]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ["tcp", 6],
    ["TCP", 6],
    ["Udp", 17],
    ["icmp", 1],
    ["ICMPv6", 58],
    ["IPv6-ICMP", 58],
    ["gre", 47],
    ["6.0", 6],
  ])("name a protocol: %s", async (protocol, number) => {
    await expectRows(table([NAMES, change({ protocol })]), [{ ...ROW, protocol: number }]);
    await expectRows(`2 ${change({ protocol }).join(" ")}\n`, [{ ...ROW, protocol: number }]);
  });

  it.each([
    ["2021-05-03 00:00:00.000"],
    ["2021-05-03 00:00:00"],
    ["2021-05-03 00:00:00.000 UTC"],
    ["2021-05-03T00:00:00Z"],
    ["2021-05-03T00:00:00.999Z"],
    ["2021-05-03T02:00:00+02:00"],
    ["2021-05-03T02:00:00.123456+0200"],
    ["1620000000000"],
    ["1620000000000000"],
    ["1620000000000000000"],
    ["1620000000.75"],
    ["1620000000.0"],
    ["1.62E9"],
    ["1.620000000E+09"],
  ])("write a time: %s", async (start) => {
    await expectRows(table([NAMES, change({ start })]));
  });

  it("have AWS's names beside others': its own count", async () => {
    const header = [...NAMES, "start_time", "src_ip", "disposition"];
    await expectRows(table([header, [...VALUES, "1999-01-01 00:00:00", "9.9.9.9", "Allowed"]]));
    // Where the first has no value, the other has.
    const at = NAMES.indexOf("srcaddr");
    await expectRows(table([header, [...VALUES.with(at, ""), "", "10.0.0.1", ""]]));
  });

  it("are told from tables of something else", async () => {
    const { rows, bad } = await decodeBytes("name,region,type\na,b,c\n");
    expect(rows).toEqual([]);
    expect(bad.length).toBeGreaterThan(0);
  });
});
