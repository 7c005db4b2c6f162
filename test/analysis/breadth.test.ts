import { expect, test } from "vitest";
import { breadthScore, ruleVolume } from "../../src/analysis/breadth.ts";
import type { SecurityGroupRule } from "../../src/model/model.ts";
import { networkInterface, prefix, rule, snapshotOf } from "./lint/snapshots.ts";

const snapshot = snapshotOf({
  rules: [rule("sgr-1", "sg-1"), rule("sgr-2", "sg-empty")],
  interfaces: [
    networkInterface("eni-1", ["sg-1"], "10.0.0.1", "10.0.0.2"),
    networkInterface("eni-2", ["sg-1"], "10.0.0.3"),
  ],
});
const port = (from: number, to = from): Partial<SecurityGroupRule> => ({ protocol: 6, ports: { from, to } });
const group = (id: string, userId: string | null = "1"): SecurityGroupRule["peer"] => ({
  kind: "group",
  id,
  userId,
  peeringId: null,
  peeringStatus: null,
});

test.each<[string, Partial<SecurityGroupRule>, number]>([
  ["a host and a port", { ...port(22), peer: prefix("10.0.0.1/32") }, 1],
  ["an IPv6 host and a port", { ...port(22), peer: prefix("2001:db8::1/128") }, 1],
  ["a /24 and a port", { ...port(22), peer: prefix("10.0.0.0/24") }, 17],
  ["a /64 weighs like a /16", { ...port(22), peer: prefix("2001:db8::/64") }, 33],
  ["the members of a group", { ...port(22), peer: group("sg-1") }, 4],
  ["a group without members", { ...port(22), peer: group("sg-empty") }, 1],
  ["the world and a port", port(443), 66],
  ["a group that nobody knows counts as the world", { ...port(443), peer: group("sg-far") }, 66],
  ["the world and a range", port(9000, 9100), 79],
  ["the world and every TCP port", { protocol: 6 }, 98],
  ["any, any, any", {}, 100],
])("%s", (_, facts, score) => {
  expect(breadthScore(ruleVolume(rule("sgr-1", "sg-1", facts), snapshot))).toBe(score);
});
