import { expect, test } from "vitest";
import { applyEdit, checkEdit, parseEdit, parseNewRules } from "../../src/model/edit.ts";
import { overlayModel } from "../../src/model/load.ts";
import type { Model } from "../../src/model/model.ts";
import { entry, networkInterface, prefix, rule, snapshotOf } from "../analysis/lint/snapshots.ts";

const snapshot = snapshotOf({
  entries: [entry(100, { cidr: "0.0.0.0/0" })],
  rules: [rule("sgr-1", "sg-1"), rule("sgr-2", "sg-1", { peer: prefix("10.0.0.0/8") })],
  interfaces: [networkInterface("eni-1", ["sg-1"], "10.0.0.1")],
});
const model: Model = { snapshots: [snapshot], notes: [] };
const https = { GroupId: "sg-1", IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIpv4: "192.0.2.0/24" };
const denied = {
  NetworkAclId: "acl-1",
  RuleNumber: 50,
  Egress: false,
  RuleAction: "deny",
  Protocol: "-1",
  CidrBlock: "192.0.2.0/24",
};

const ruleIds = ({ snapshots }: Model): string[] =>
  snapshots.flatMap((one) => [
    ...[...one.securityGroups.values()].flatMap((group) => group.rules.map(({ id }) => id)),
    ...[...one.networkAcls.values()].flatMap((acl) => acl.entries.map(({ id }) => id)),
  ]);

test("an edit removes and adds rules and entries in every snapshot, and leaves the model as it is", () => {
  const edit = { remove: ["sgr-1", "acl-1/ingress/100"], add: parseNewRules([https, denied], "test") };
  const edited = applyEdit({ snapshots: [snapshot, { ...snapshot, since: 9 }], notes: [] }, edit);
  const once = ["sgr-2", "sg-1/ingress/tcp/443/192.0.2.0/24", "acl-1/ingress/50", "acl-1/ingress/*", "acl-1/ingress/*"];
  const egress = ["acl-1/egress/*", "acl-1/egress/*"];
  expect(ruleIds(edited)).toEqual([...once, ...egress, ...once, ...egress]);
  expect(ruleIds(model)).toEqual(["sgr-1", "sgr-2", "acl-1/ingress/100"]);
});

test.each([
  ["a rule that is not there", { remove: ["sgr-9"], add: [] }, 'no rule "sgr-9" in the model'],
  ["the default deny", { remove: ["acl-1/ingress/*"], add: [] }, 'no rule "acl-1/ingress/*" in the model'],
  ["a name with controls", { remove: ["sgr\u001b[2J\n"], add: [] }, 'no rule "sgr\\u001b[2J\\n" in the model'],
  [
    "a group that is not there",
    { remove: [], add: parseNewRules({ ...https, GroupId: "sg-9" }, "test") },
    'no "sg-9" in the model',
  ],
  [
    "a number that is taken",
    { remove: [], add: parseNewRules({ ...denied, RuleNumber: 100 }, "test") },
    "rule number 100 occurs twice",
  ],
])("%s is refused", (_, edit, message) => {
  expect(() => {
    checkEdit([model], edit);
    applyEdit(model, edit);
  }).toThrow(message);
});

test.each([
  ["no object", 7, "test: expected object, got 7"],
  ["a peer is missing", { GroupId: "sg-1", IpProtocol: "tcp" }, "test: a rule without a peer"],
  ["ports the wrong way round", [{ ...https, FromPort: 444 }], "test: /0: not a port range: 444 to 443"],
  ["an action nobody knows", { ...denied, RuleAction: "drop" }, "test: /RuleAction: "],
  ["not a list", { add: 7 }, "test: /add: "],
])("a bad rule is refused with its location and value: %s", (name, json, message) => {
  expect(() => (name === "not a list" ? parseEdit(json, "test") : parseNewRules(json, "test"))).toThrow(message);
});

test("other keys of an edit are ignored", () => {
  const { remove, add } = parseEdit({ remove: ["sgr-1"], add: [https], undo: { remove: [] }, reason: "why" }, "test");
  expect([remove, add.length]).toEqual([["sgr-1"], 1]);
});

test("a partial model replaces what it names and leaves the rest", () => {
  const acl = { ...snapshot.networkAcls.get("acl-1")!, subnetIds: ["subnet-1", "subnet-2"] };
  const whole: Model = { snapshots: [{ ...snapshot, networkAcls: new Map([["acl-1", acl]]) }], notes: [] };
  const other = { ...acl, id: "acl-2", subnetIds: ["subnet-2"] };
  const part = snapshotOf({ rules: [rule("sgr-3", "sg-1")] });
  const laid = overlayModel(whole, { snapshots: [{ ...part, networkAcls: new Map([["acl-2", other]]) }], notes: [] });
  const [result] = laid.snapshots;
  expect(result.securityGroups.get("sg-1")!.rules.map(({ id }) => id)).toEqual(["sgr-3"]);
  expect([...result.interfaces.keys()]).toEqual(["eni-1"]);
  expect([...result.networkAcls.values()].map(({ id, subnetIds }) => [id, subnetIds])).toEqual([
    ["acl-1", ["subnet-1"]],
    ["acl-2", ["subnet-2"]],
  ]);
});
