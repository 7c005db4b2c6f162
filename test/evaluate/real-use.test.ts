import { expect, test } from "vitest";
import { modelOf } from "../helpers/model-of.ts";
import { describe } from "../helpers/small-model.ts";
import { judgeInRuns } from "./judge-fast.ts";

const network = {
  vpc: ["10.0.0.0/16", "198.18.0.0/16"],
  subnets: { "subnet-1": ["10.0.0.0/24", "2001:db8:0:1::/64"] },
  interfaces: { "eni-1": "subnet-1 10.0.0.5,2001:db8:0:1::5 sg-1" },
  groups: { "sg-1": ["in all 0.0.0.0/0", "in all ::/0", "out tcp 5432 192.0.2.0/24"] },
};
const open = modelOf([{ name: "only", since: null, answers: describe(network) }]);

const FIELDS =
  "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags".split(
    " ",
  );

/**
 * Connections, those with an answer, and those in real use, over runs of segments of records: `source|port destination|port
 * protocol packets bytes flags [action]`, separated by commas; flags are "-" where the record lacks the field.
 */
function countsOf(runs: readonly (readonly string[])[], model = open): number[] {
  const line = (text: string): string => {
    const [from, to, protocol, packets, bytes, flags, action = "ACCEPT"] = text.split(" ");
    const [[source, sourcePort], [destination, destinationPort]] = [from, to].map((end) => end.split("|"));
    const key = `${source} ${destination} ${sourcePort} ${destinationPort} ${protocol}`;
    return `eni-1 ${key} ${packets} ${bytes} 1700000000 1700000010 ${action} OK ${flags}\n`;
  };
  const lines = (segment: string): string => segment.split(", ").map(line).join("");
  const { usage } = judgeInRuns(
    model,
    runs.map((segments) => segments.map((segment) => [lines(segment)])),
    FIELDS,
  );
  const rows = [...usage.values()];
  return [0, 1, 2].map((column) => rows.reduce((sum, row) => sum + row[column], 0));
}

const HOST = "10.0.0.5|8080";
const exchange = (peer: string, there: string, back: string, host = HOST): string =>
  `${peer}|40000 ${host} 6 ${there}, ${host} ${peer}|40000 6 ${back}`;

// Packets, bytes and flags ("-": no such field in the record) of the client, then of the server.
test.each([
  ["a health check without flags", "4 216 -", "2 112 -", true],
  ["a health check", "4 216 3", "2 112 19", true],
  ["a refused SYN, three tries", "3 180 -", "3 120 -", false],
  ["a refused SYN with flags", "3 180 2", "3 120 4", false],
  ["a half-open scan", "2 84 -", "1 44 -", false],
  ["a half-open scan with flags", "2 84 6", "1 44 18", false],
  ["a connect scan that resets", "3 152 6", "1 60 18", false],
  ["a SYN that only the FIN of the server answers", "2 100 2", "2 100 1", true],
  ["a connection that is open still", "3 160 2", "2 112 18", true],
  ["a SYN whose answer went astray", "2 120 2", "2 120 18", false],
  ["a connection whose opening is not in the log", "3 160 0", "2 112 1", false],
])("between inside addresses, %s is real or not by what was answered", (_name, there, back, real) => {
  for (const peer of ["10.9.0.1", "172.16.0.1", "100.64.0.1", "198.18.3.4"]) {
    expect(countsOf([[exchange(peer, there, back)]]), peer).toEqual([1, 1, real ? 1 : 0]);
  }
  expect(countsOf([[exchange("192.0.2.1", there, back)]])).toEqual([1, 1, 0]);
});

test("a private or modelled IPv6 address is inside, others are not", () => {
  const host = "2001:db8:0:1::5|8080";
  const real = (peer: string): number => countsOf([[exchange(peer, "4 296 -", "2 152 -", host)]])[2];
  expect(["fd00::1", "fe80::1", "2001:db8:1::1"].map(real)).toEqual([1, 1, 0]);
});

const closed = modelOf([
  {
    name: "only",
    since: null,
    answers: describe({
      ...network,
      acls: { "acl-1": ["subnet-1"] },
      entries: {
        "acl-1": [
          "in 100 allow tcp 8080 0.0.0.0/0",
          "in 110 allow udp 53 0.0.0.0/0",
          "out 100 allow tcp 5432 0.0.0.0/0",
        ],
      },
    }),
  },
]);
const SYN = "192.0.2.1|40000 10.0.0.5|8080 6 2 120";
const SYN_ACK = "10.0.0.5|8080 192.0.2.1|40000 6 2 120";

test.each([
  ["a SYN-ACK", `${SYN} 2`, `${SYN_ACK} 18 REJECT`, true],
  ["a SYN-ACK without flags", `${SYN} -`, `${SYN_ACK} - REJECT`, true],
  ["a RST", `${SYN} 2`, "10.0.0.5|8080 192.0.2.1|40000 6 2 80 4 REJECT", false],
  ["a RST without flags", `${SYN} -`, "10.0.0.5|8080 192.0.2.1|40000 6 2 80 - REJECT", false],
  ["a datagram", "192.0.2.1|40000 10.0.0.5|53 17 1 80 -", "10.0.0.5|53 192.0.2.1|40000 17 1 160 - REJECT", true],
  [
    "an inbound SYN-ACK",
    "10.0.0.5|40000 192.0.2.1|5432 6 2 120 2",
    "192.0.2.1|5432 10.0.0.5|40000 6 2 120 18 REJECT",
    true,
  ],
])(
  "%s that the network ACL drops is an answer unless it refuses, in whatever segment or run",
  (_name, request, answer, real) => {
    const counts = [1, real ? 1 : 0, real ? 1 : 0];
    expect(countsOf([[`${request}, ${answer}`]], closed)).toEqual(counts);
    expect(countsOf([[request, answer]], closed)).toEqual(counts);
    expect(countsOf([[request], [answer]], closed)).toEqual(counts);
    expect(countsOf([[request], [answer, `${answer}, ${request}`], [answer]], closed)).toEqual(counts);
  },
);
