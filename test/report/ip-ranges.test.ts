import { expect, test } from "vitest";
import { ipRangeItems } from "../../src/report/ip-ranges.ts";

test("both families as items, in the order of the file", () => {
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
])("%s", (text, message) => {
  expect(() => ipRangeItems(text, "f")).toThrow(message);
});
