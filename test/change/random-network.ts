import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";

/** A few interfaces with random groups and rules, and what was logged there. */
export interface RandomNetwork {
  readonly rules: readonly Record<string, unknown>[];
  readonly members: readonly (readonly string[])[];
  readonly flows: readonly Flow[];
}

interface Flow {
  readonly eni: number;
  readonly peer: string;
  readonly local: boolean;
  readonly protocol: number;
  readonly port: number;
  readonly client: number;
  readonly accepted: boolean;
  readonly answered: boolean;
}

const GROUPS = ["sg-a", "sg-b", "sg-c"];
const address = (eni: number): string => `10.0.0.${10 + eni}`;

const peerOf = fc.oneof(
  fc
    .constantFrom("0.0.0.0/0", "10.0.0.0/24", "10.0.0.10/31", "192.0.2.0/24", "192.0.2.7/32")
    .map((CidrIpv4) => ({ CidrIpv4 })),
  fc.constantFrom(...GROUPS).map((GroupId) => ({ ReferencedGroupInfo: { GroupId, UserId: "123456789012" } })),
);
const serviceOf = fc.constantFrom(
  { IpProtocol: "-1", FromPort: -1, ToPort: -1 },
  { IpProtocol: "tcp", FromPort: 0, ToPort: 65535 },
  { IpProtocol: "tcp", FromPort: 80, ToPort: 443 },
  { IpProtocol: "tcp", FromPort: 443, ToPort: 443 },
  { IpProtocol: "udp", FromPort: 53, ToPort: 53 },
  { IpProtocol: "icmp", FromPort: 8, ToPort: -1 },
);
const rule = fc
  .tuple(fc.constantFrom(...GROUPS), fc.boolean(), serviceOf, peerOf)
  .map(([GroupId, IsEgress, service, peer]) => ({ GroupId, IsEgress, ...service, ...peer }));
const flow: fc.Arbitrary<Flow> = fc.record({
  eni: fc.nat(2),
  peer: fc.constantFrom(address(0), address(1), "10.0.0.99", "192.0.2.7", "192.0.2.8", "203.0.113.9"),
  local: fc.boolean(),
  protocol: fc.constantFrom(6, 6, 6, 17, 1),
  port: fc.constantFrom(53, 80, 443, 8080),
  client: fc.integer({ min: 40_000, max: 40_003 }),
  accepted: fc.boolean(),
  answered: fc.boolean(),
});

export const randomNetwork: fc.Arbitrary<RandomNetwork> = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 10 }),
  members: fc.array(fc.subarray(GROUPS, { minLength: 1 }), { minLength: 3, maxLength: 3 }),
  flows: fc.array(flow, { minLength: 1, maxLength: 40 }),
});

/** Writes model and log below `folder`, as AWS would. */
export function writeNetwork(folder: string, { rules, members, flows }: RandomNetwork): { model: string; log: string } {
  const model = join(folder, "model");
  mkdirSync(model);
  const put = (name: string, content: unknown): void => writeFileSync(join(model, name), JSON.stringify(content));
  put("rules.json", {
    SecurityGroupRules: rules.map((one, at) => ({
      SecurityGroupRuleId: `sgr-${at}`,
      GroupOwnerId: "123456789012",
      ...one,
    })),
  });
  put("groups.json", {
    SecurityGroups: GROUPS.map((GroupId) => ({ GroupId, VpcId: "vpc-1", OwnerId: "123456789012" })),
  });
  put("subnets.json", {
    Subnets: [{ SubnetId: "subnet-1", VpcId: "vpc-1", CidrBlock: "10.0.0.0/24" }],
    Vpcs: [{ VpcId: "vpc-1", CidrBlock: "10.0.0.0/16" }],
  });
  const open = { RuleNumber: 100, RuleAction: "allow", Protocol: "-1", CidrBlock: "0.0.0.0/0" };
  put("acls.json", {
    NetworkAcls: [
      {
        NetworkAclId: "acl-1",
        VpcId: "vpc-1",
        IsDefault: true,
        Entries: [
          { ...open, Egress: false },
          { ...open, Egress: true },
        ],
      },
    ],
  });
  put("interfaces.json", {
    NetworkInterfaces: members.map((groups, eni) => ({
      NetworkInterfaceId: `eni-${eni}`,
      VpcId: "vpc-1",
      SubnetId: "subnet-1",
      PrivateIpAddress: address(eni),
      Groups: groups.map((GroupId) => ({ GroupId })),
    })),
  });
  const log = join(folder, "flow.log");
  writeFileSync(
    log,
    `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n${flows.flatMap(lines).join("\n")}\n`,
  );
  return { model, log };
}

function lines({ eni, peer, local, protocol, port, client, accepted, answered }: Flow, at: number): string[] {
  const ports = protocol === 1 ? [0, 0] : [client, port];
  const [from, to] = local ? [address(eni), peer] : [peer, address(eni)];
  const start = 1_700_000_000 + at * 5;
  const line = (source: string, destination: string, [sourcePort, destinationPort]: number[]): string =>
    `2 123456789012 eni-${eni} ${source} ${destination} ${sourcePort} ${destinationPort} ${protocol} 6 900 ${start} ${start + 3} ${accepted ? "ACCEPT" : "REJECT"} OK`;
  return accepted && answered ? [line(from, to, ports), line(to, from, ports.toReversed())] : [line(from, to, ports)];
}
