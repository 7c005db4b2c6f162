import { expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import { smallModel } from "../helpers/small-model.ts";
import { judgeFast } from "./judge-fast.ts";

const NETWORK = {
  subnets: { "subnet-1": "10.0.0.0/24" },
  interfaces: { "eni-1": "subnet-1 10.0.0.5 sg-1" },
  groups: { "sg-1": ["in all 10.0.1.0/24", "out all 10.0.1.0/24"] },
  acls: { "acl-1": ["subnet-1"] },
  entries: { "acl-1": ["in 100 allow tcp 0-65535 0.0.0.0/0", "out 100 allow tcp 0-65535 0.0.0.0/0"] },
};
const SECONDS = "1700000000 1700000003";

/** A connection to port 24007 of the interface, both directions within one second. */
const connection = (client: string, port: number): string[] => [
  `2 123456789012 eni-1 ${client} 10.0.0.5 ${port} 24007 6 9 900 ${SECONDS} ACCEPT OK`,
  `2 123456789012 eni-1 10.0.0.5 ${client} 24007 ${port} 6 9 900 ${SECONDS} ACCEPT OK`,
];

test("a server is recognised by connections whose initiator is known, whatever port another client has", async () => {
  const others = [1, 2, 3].flatMap((at) => connection(`10.0.1.${at}`, 50_000 + at));
  // 1723 is a registered port as well as 24007: nothing else tells these two apart.
  const lines = [...connection("10.0.1.9", 1723), ...others];
  const model = await smallModel(NETWORK);
  const fast = judgeFast(model, [[`${lines.join("\n")}\n`]]);
  expect(fast.map(({ judgement }) => judgement.initiator)).toEqual(lines.map(() => "remote"));
  const slow = createExplainer(model).explain(fast.map(({ record }) => record));
  expect(slow.map(({ judgement }) => judgement.initiator)).toEqual(lines.map(() => "remote"));
});

test.each([
  ["the groups, which come first, if they have the length of pings", 252, "sg_out"],
  ["the network ACL if they have another length and may be errors about a flow", 348, "nacl_out"],
])("rejected ICMP packets to a peer of a flow are denied by %s", async (_, bytes, layer) => {
  const groups = { "sg-1": ["in tcp 24007 10.0.1.0/24"] };
  const icmp = `2 123456789012 eni-1 10.0.0.5 10.0.1.9 0 0 1 3 ${bytes} ${SECONDS} REJECT OK`;
  const model = await smallModel({ ...NETWORK, groups });
  const fast = judgeFast(model, [[`${[...connection("10.0.1.9", 50_000), icmp].join("\n")}\n`]]);
  expect(fast[2].judgement).toMatchObject({ verdict: "deny", agreement: "agree", decidedBy: layer });
  const slow = createExplainer(model).explain(fast.map(({ record }) => record));
  expect(slow[2].judgement).toMatchObject({ verdict: "deny", agreement: "agree", decidedBy: layer });
});

test("a port that looks only a little more like a server's never makes an accepted connection a mismatch", async () => {
  const groups = { "sg-1": ["out tcp 34567-34570 10.0.1.0/24"] };
  const lines = [
    `2 123456789012 eni-1 10.0.0.5 10.0.1.9 21769 34567 6 9 900 ${SECONDS} ACCEPT OK`,
    `2 123456789012 eni-1 10.0.1.9 10.0.0.5 34567 21769 6 9 900 ${SECONDS} ACCEPT OK`,
  ];
  const model = await smallModel({ ...NETWORK, groups });
  const fast = judgeFast(model, [[`${lines.join("\n")}\n`]]);
  const slow = createExplainer(model).explain(fast.map(({ record }) => record));
  for (const judged of [fast, slow]) {
    expect(judged.map(({ judgement }) => judgement.agreement)).toEqual(["agree", "agree"]);
    expect(judged.map(({ judgement }) => judgement.evidence)).toEqual(["likelier_port", "likelier_port"]);
  }
});
