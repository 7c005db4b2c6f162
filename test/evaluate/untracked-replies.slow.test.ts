import { expect, test } from "vitest";
import { connectionsByRule } from "./connections-by-rule.ts";

const OPEN = {
  subnets: { "subnet-1": "10.0.0.0/24" },
  interfaces: { "eni-1": "subnet-1 10.0.0.5 sg-1" },
  groups: { "sg-1": ["in udp 0-65535 0.0.0.0/0", "out udp 0-65535 0.0.0.0/0"] },
  acls: { "acl-1": ["subnet-1"] },
};
const line = (from: string, to: string, ports: string, action: string): string =>
  `2 123456789012 eni-1 ${from} ${to} ${ports} 17 1 80 1700000000 1700000001 ${action} OK`;

test("an inbound reply that the network ACL stops is not credited to the group rule", async () => {
  const entries = { "acl-1": ["out 100 allow all 0.0.0.0/0"] };
  const lines = [
    line("10.0.0.5", "192.0.2.9", "40000 53", "ACCEPT"),
    line("192.0.2.9", "10.0.0.5", "53 40000", "REJECT"),
  ];
  expect(await connectionsByRule({ ...OPEN, entries }, lines)).toEqual({ "sgr-sg-1-1": 1 });
});

test("an outbound reply that the network ACL stops is credited to the group rule that let it pass", async () => {
  const entries = { "acl-1": ["in 100 allow all 0.0.0.0/0"] };
  const lines = [
    line("192.0.2.9", "10.0.0.5", "40000 53", "ACCEPT"),
    line("10.0.0.5", "192.0.2.9", "53 40000", "REJECT"),
  ];
  expect(await connectionsByRule({ ...OPEN, entries }, lines)).toEqual({ "sgr-sg-1-0": 1, "sgr-sg-1-1": 1 });
});
