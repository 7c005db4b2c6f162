import { expect, test } from "vitest";
import { parseNewRules } from "../../src/model/edit.ts";
import { loadModel } from "../../src/model/load.ts";
import { toAwsRule, toIpPermission } from "../../src/model/rule-json.ts";
import { prefix, rule } from "../analysis/lint/snapshots.ts";
import { sample } from "../helpers/samples.ts";

test("every rule of a real configuration reads back equal, except for its id", async () => {
  const model = await loadModel(sample("production-vpc/config"));
  const rules = [...model.snapshots[0].securityGroups.values()].flatMap((group) => group.rules);
  const back = parseNewRules(rules.map(toAwsRule), "test").map((one) => one.kind === "group-rule" && one.rule);
  const bare = (rule: (typeof rules)[number]): unknown => ({ ...rule, id: null, origin: null });
  expect(rules.length).toBeGreaterThan(40);
  expect(back.map((one) => one && bare(one))).toEqual(rules.map(bare));
});

test.each([
  [
    "all traffic",
    rule("sgr-1", "sg-1", {}),
    { IpProtocol: "-1", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
  ],
  [
    "all TCP ports",
    rule("sgr-1", "sg-1", { protocol: 6 }),
    { IpProtocol: "tcp", FromPort: 0, ToPort: 65535, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
  ],
  [
    "a ping over IPv6, described",
    rule("sgr-1", "sg-1", {
      protocol: 58,
      icmp: { type: 128, code: -1 },
      peer: prefix("2001:db8::/32"),
      description: "it's",
    }),
    {
      IpProtocol: "icmpv6",
      FromPort: 128,
      ToPort: -1,
      Ipv6Ranges: [{ CidrIpv6: "2001:db8::/32", Description: "it's" }],
    },
  ],
  [
    "a prefix list",
    rule("sgr-1", "sg-1", { protocol: 50, peer: { kind: "prefix-list", id: "pl-1" } }),
    { IpProtocol: "50", FromPort: -1, ToPort: -1, PrefixListIds: [{ PrefixListId: "pl-1" }] },
  ],
])("%s is written as a permission", (_, one, permission) => {
  expect(toIpPermission(one)).toEqual(permission);
});
