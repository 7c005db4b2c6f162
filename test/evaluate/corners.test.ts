import { describe as suite, expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import type { NamedJudgement } from "../../src/explain/trace.ts";
import { modelOf } from "../helpers/model-of.ts";
import { describe, type Network } from "../helpers/small-model.ts";
import { judgeFast, sorted } from "./judge-fast.ts";

/** One configuration, or two: the second in force from `CHANGE` on. */
type Configurations = readonly [Network] | readonly [Network, Network];

const CHANGE = 1_700_001_000;
const V2 =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/** A case in which the two evaluators once differed, shrunk: both must judge the last of the lines as `expected`. */
interface Corner {
  readonly name: string;
  readonly model: Configurations;
  /** Interface, source, destination, source and destination port, protocol, action, start and end relative to the change, flags. */
  readonly lines: readonly string[];
  readonly fields?: string;
  readonly expected: Partial<NamedJudgement>;
}

const one = { subnets: { "subnet-1": "10.0.0.0/24" }, interfaces: { "eni-1": "subnet-1 10.0.0.5 sg-1" } };
const NO_RULES = { "sg-1": [] };

const CORNERS: readonly Corner[] = [
  {
    name: "a record without an action has no presumed initiator",
    model: [{ ...one, groups: NO_RULES }],
    lines: ["eni-1 192.0.2.7 10.0.0.5 40000 443 6 - 0 10"],
    expected: { initiator: "unknown", evidence: "none", agreement: "undecided", cause: "field_absent" },
  },
  {
    name: "no layer filters Windows licence activation",
    model: [{ ...one, groups: NO_RULES }],
    lines: ["eni-1 10.0.0.5 169.254.169.250 40000 1688 6 ACCEPT 0 10"],
    expected: { verdict: "allow", agreement: "agree", layers: layers({ sg_out: "skipped", nacl_out: "skipped" }) },
  },
  {
    name: "a prefix list that holds 0.0.0.0/0 is not a rule for 0.0.0.0/0: the flow is tracked",
    model: [
      {
        ...one,
        groups: { "sg-1": ["in tcp 443 0.0.0.0/0", "out all pl-1"] },
        lists: { "pl-1": ["0.0.0.0/0"] },
      },
    ],
    lines: ["eni-1 192.0.2.7 10.0.0.5 40000 443 6 ACCEPT 0 10", "eni-1 10.0.0.5 192.0.2.7 443 40000 6 ACCEPT 0 10"],
    expected: { layers: layers({ sg_out: "tracked", nacl_out: "allow" }), agreement: "agree" },
  },
  {
    name: "the longest route decides whether the peer is behind the transit gateway",
    model: [
      {
        ...one,
        interfaces: { "eni-1": "subnet-1 10.0.0.5 -", "eni-2": "subnet-1 10.0.0.9 - transit_gateway" },
        entries: { "acl-1": ["out 100 allow all 0.0.0.0/0"] },
        acls: { "acl-1": ["subnet-1"] },
        routes: [
          {
            RouteTableId: "rtb-1",
            VpcId: "vpc-1",
            Associations: [{ SubnetId: "subnet-1" }],
            Routes: [
              { DestinationCidrBlock: "172.16.0.0/12", TransitGatewayId: "tgw-1" },
              { DestinationCidrBlock: "172.16.1.0/24", VpcPeeringConnectionId: "pcx-1" },
            ],
          },
        ],
      },
    ],
    lines: ["eni-1 172.16.1.7 10.0.0.5 40000 443 6 REJECT 0 10"],
    expected: { layers: layers({ nacl_in: "deny", sg_in: "skipped" }), naclRuleId: "acl-1/ingress/*" },
  },
  {
    name: "the interface's address changed during the record: the configuration that knows the address decides",
    model: [
      { ...one, groups: { "sg-1": ["in tcp 443 0.0.0.0/0"] } },
      {
        ...one,
        interfaces: { "eni-1": "subnet-1 10.0.0.6 sg-1" },
        groups: { "sg-1": ["in tcp 443 0.0.0.0/0"] },
      },
    ],
    lines: ["eni-1 192.0.2.7 10.0.0.6 40000 443 6 ACCEPT -30 30"],
    expected: { agreement: "agree", direction: "ingress", cause: null, snapshot: "after" },
  },
  {
    name: "a tracked connection outlives its rule even if the other configuration stops it at the network ACL",
    model: [
      {
        ...one,
        groups: { "sg-1": ["in tcp 443 0.0.0.0/0"] },
        entries: { "acl-1": ["out 100 allow all 0.0.0.0/0"] },
        acls: { "acl-1": ["subnet-1"] },
      },
      { ...one, groups: NO_RULES },
    ],
    lines: [
      "eni-1 192.0.2.7 10.0.0.5 40000 443 6 ACCEPT -300 -240",
      "eni-1 192.0.2.7 10.0.0.5 40000 443 6 ACCEPT -30 30",
    ],
    expected: {
      agreement: "agree",
      cause: "config_changed_in_record",
      layers: layers({ nacl_in: "allow", sg_in: "tracked" }),
    },
  },
  {
    name: "if the other end may have opened the connection, the rule that admitted it then counts",
    model: [
      { ...one, groups: { "sg-1": ["in udp 40000-40010 192.0.2.0/24"] } },
      { ...one, groups: NO_RULES },
    ],
    lines: [
      "eni-1 10.0.0.5 192.0.2.7 40000 51000 17 ACCEPT -90 70",
      "eni-1 10.0.0.5 192.0.2.7 40000 51000 17 ACCEPT 90 100",
    ],
    expected: {
      agreement: "agree",
      cause: "tracked_after_rule_change",
      sgRuleIds: ["sgr-sg-1-0"],
      layers: layers({ sg_out: "tracked", nacl_out: "allow" }),
    },
  },
  {
    name: "an ICMP error passes with its flow even if the other configuration lets ICMP in",
    model: [
      {
        ...one,
        groups: { "sg-1": ["in icmp 192.0.2.0/24", "in tcp 443 192.0.2.0/24"] },
        entries: { "acl-1": ["in 100 allow tcp 443 0.0.0.0/0", "out 100 allow all 0.0.0.0/0"] },
        acls: { "acl-1": ["subnet-1"] },
      },
      { ...one, groups: { "sg-1": ["in tcp 443 192.0.2.0/24"] } },
    ],
    lines: ["eni-1 192.0.2.7 10.0.0.5 40000 443 6 ACCEPT -300 -240", "eni-1 192.0.2.7 10.0.0.5 0 0 1 ACCEPT -30 30"],
    expected: { agreement: "agree", cause: "config_changed_in_record" },
  },
  {
    name: "an undecided verdict has the cause of the undecided layer, not of a layer that passes",
    model: [
      {
        ...one,
        groups: { "sg-1": ["out icmp 192.0.2.0/24"] },
        entries: { "acl-1": ["out 90 deny icmp 3/4 0.0.0.0/0", "out 100 allow all 0.0.0.0/0"] },
        acls: { "acl-1": ["subnet-1"] },
      },
      {
        ...one,
        groups: NO_RULES,
        entries: { "acl-1": ["out 90 deny icmp 3/4 0.0.0.0/0", "out 100 allow all 0.0.0.0/0"] },
        acls: { "acl-1": ["subnet-1"] },
      },
    ],
    lines: ["eni-1 10.0.0.5 192.0.2.7 0 0 1 ACCEPT -120 -70", "eni-1 10.0.0.5 192.0.2.7 0 0 1 ACCEPT 70 120"],
    expected: {
      agreement: "undecided",
      cause: "icmp_type_unknown",
      layers: layers({ sg_out: "tracked", nacl_out: "undecided" }),
    },
  },
  {
    name: "the doubt that a fuller model would settle counts before others, whichever rule comes first",
    model: [{ ...one, groups: { "sg-1": ["in icmp 8/0 192.0.2.0/24", "in all pl-missing"] } }],
    lines: ["eni-1 192.0.2.7 10.0.0.5 0 0 1 ACCEPT 0 10"],
    expected: { agreement: "undecided", cause: "unresolved_reference" },
  },
  {
    name: "without srcaddr and dstaddr the cause is a missing field, not a foreign address",
    model: [{ ...one, groups: NO_RULES }],
    fields:
      "version account-id interface-id pkt-srcaddr pkt-dstaddr srcport dstport protocol packets bytes start end action log-status",
    lines: ["eni-1 192.0.2.7 10.0.0.5 40000 443 6 REJECT 0 10"],
    expected: { agreement: "undecided", cause: "field_absent", direction: null },
  },
  {
    name: "a reply without a connection that a rule may let out is undecided, with the doubt about that rule as cause",
    model: [{ ...one, groups: { "sg-1": ["out all pl-missing"] } }],
    fields: `${V2} tcp-flags`,
    lines: ["eni-1 192.0.2.7 10.0.0.5 22 22 6 ACCEPT 0 10 0", "eni-1 10.0.0.5 192.0.2.7 22 22 6 REJECT 0 10 0"],
    expected: { initiator: "remote", agreement: "undecided", cause: "unresolved_reference" },
  },
];

suite("the two evaluators agree where they once differed", () => {
  test.each(CORNERS)("$name", ({ model: configurations, lines, fields = V2, expected }) => {
    const model = modelOf(
      configurations.map((network, at) => ({
        name: at === 0 ? "before" : "after",
        since: configurations.length === 1 ? null : [CHANGE - 1000, CHANGE][at],
        answers: describe(network),
      })),
    );
    const text = `${fields}\n${lines.map((line) => `${lineOf(line)}\n`).join("")}`;
    const fast = judgeFast(model, [[text]]);
    const slow = createExplainer(model).explain(fast.map(({ record }) => record));
    expect(fast.at(-1)!.judgement).toMatchObject(expected);
    expect(slow.map(({ judgement }) => sorted(judgement))).toEqual(fast.map(({ judgement }) => judgement));
  });
});

function lineOf(text: string): string {
  const [eni, source, destination, sourcePort, destinationPort, protocol, action, start, end, ...more] =
    text.split(" ");
  const ends = `${source} ${destination} ${sourcePort} ${destinationPort} ${protocol}`;
  const times = `${CHANGE + Number(start)} ${CHANGE + Number(end)}`;
  return `2 123456789012 ${eni} ${ends} 1 40 ${times} ${[action, "OK", ...more].join(" ")}`;
}

function layers(asked: Partial<NamedJudgement["layers"]>): NamedJudgement["layers"] {
  return { nacl_in: null, sg_in: null, sg_out: null, nacl_out: null, ...asked };
}
