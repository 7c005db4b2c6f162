import { describe, expect, test } from "vitest";
import { parseReport } from "../../src/report/catalogue.ts";
import { bindParameters, ipRangeItems } from "../../src/report/parameters.ts";

const HEADER = `-- title: A title
-- description: What it says
-- group: probes
-- param: limit integer 10 Rows at most
-- param: share number 0.5 A share
-- param: since timestamp - From when
-- param: indicators list - Addresses
select 1
`;

describe("values of parameters", () => {
  const report = parseReport("x", HEADER);

  test.each([
    [{}, { limit: 10, share: 0.5, since: null, indicators: [] }],
    [
      { limit: "3", since: "2026-11-01T10:00+01:00" },
      { limit: 3, since: "2026-11-01 09:00:00" },
    ],
    [{ since: "2026-11-01" }, { since: "2026-11-01 00:00:00" }],
    [
      { indicators: "10.0.0.1, 10.0.0.2 # two\n# none\n2001:db8::/32\n" },
      { indicators: ["10.0.0.1", "10.0.0.2", "2001:db8::/32"] },
    ],
  ])("%j are bound with the defaults of the rest", (given, expected) => {
    expect(bindParameters(report, given)).toMatchObject(expected);
  });

  test.each([
    [{ limit: "1; drop table x" }, "limit must be a whole number, not 1; drop"],
    [{ share: "" }, "share must be a number"],
    [{ since: "yesterday" }, "since must be a time"],
    [{ nope: "1" }, "no parameter nope"],
  ])("refuses %j", (given, message) => {
    expect(() => bindParameters(report, given)).toThrow(message);
  });
});

test("AWS's ip-ranges.json becomes list items, both families in the order of the file", () => {
  const file = {
    syncToken: "1",
    createDate: "2026-11-01-00-00-00",
    prefixes: [
      {
        ip_prefix: "3.5.140.0/22",
        region: "ap-northeast-2",
        service: "AMAZON",
        network_border_group: "ap-northeast-2",
      },
      { ip_prefix: "3.5.140.0/22", region: "ap-northeast-2", service: "S3", network_border_group: "ap-northeast-2" },
    ],
    ipv6_prefixes: [
      {
        ipv6_prefix: "2a05:d07a:a000::/40",
        region: "eu-south-1",
        service: "AMAZON",
        network_border_group: "eu-south-1",
      },
    ],
  };
  expect(ipRangeItems(JSON.stringify(file), "ip-ranges.json").split("\n")).toEqual([
    "3.5.140.0/22 AMAZON ap-northeast-2",
    "3.5.140.0/22 S3 ap-northeast-2",
    "2a05:d07a:a000::/40 AMAZON eu-south-1",
  ]);
});

test.each([
  ["oops", "f: not JSON, so not AWS's ip-ranges.json"],
  ["{}", "f: it holds no prefixes"],
  ["[]", "f: / is not as in AWS's ip-ranges.json"],
  ['{"prefixes":[{"ip_prefix":"3.5.140.0/99","service":"S3","region":"x"}]}', "f: /prefixes/0/ip_prefix is not as"],
  [
    '{"prefixes":[{"ip_prefix":"3.5.140.0/22","service":"S3,1.2.3.4/0 X","region":"x"}]}',
    "f: /prefixes/0/service is not",
  ],
])("%s is refused as an ip-ranges.json", (text, message) => {
  expect(() => ipRangeItems(text, "f")).toThrow(message);
});
