import { idOf } from "./random.ts";
import { type Eni, NETWORK6, type Role, type Topology } from "./topology.ts";

export const ACCOUNT = "123456789012";
export const REGION = "eu-west-1";
const OFFICE = "203.0.113.0/24";
/** Source of scans that the network ACL of the public subnets stops: the block, and its upper half as a number. */
export const BLOCKED = "185.220.0.0/16";
export const BLOCKED_NETWORK = 0xb9dc;
/** Rules of a filler group; five such groups and the two real ones stay within the AWS limit of groups an interface. */
const FILLER_RULES = 200;

export type Peer = { cidr: string } | { group: string };

/** One security group rule, of which both describe-* forms are written. */
export interface PlannedRule {
  readonly id: string;
  readonly egress: boolean;
  readonly protocol: "tcp" | "udp";
  readonly from: number;
  readonly to: number;
  readonly peer: Peer;
  readonly description: string;
}

interface PlannedGroup {
  readonly id: string;
  readonly name: string;
  readonly rules: readonly PlannedRule[];
}

/** Which rules admit which kind of connection: the ground truth of the generated traffic. */
export interface Policy {
  readonly groups: readonly PlannedGroup[];
  readonly groupsOf: (eni: Eni) => readonly PlannedGroup[];
  /** Rule ids by purpose, those of an application by its number. */
  readonly egress: {
    readonly inside: string;
    readonly inside6: string;
    readonly dns: string;
    readonly dns6: string;
    readonly https: string;
    readonly https6: string;
  };
  readonly ingress: readonly {
    readonly https: string;
    readonly https6: string;
    readonly office: string;
    readonly stale: string;
    readonly app: string;
    readonly db: string;
    readonly dns: string;
    readonly dns6: string;
  }[];
  readonly publicAcl: string;
  readonly privateAcl: string;
}

export function planPolicy(topology: Topology, rulesPerInterface: number, seed: number): Policy {
  let ruleCount = 0;
  let groupCount = 0;
  const rule = (
    protocol: "tcp" | "udp",
    ports: number | [number, number],
    peer: Peer,
    description: string,
    egress = false,
  ): PlannedRule => {
    const [from, to] = typeof ports === "number" ? [ports, ports] : ports;
    return { id: idOf(seed, "sgr", ruleCount++), egress, protocol, from, to, peer, description };
  };
  const group = (name: string, rules: readonly PlannedRule[]): PlannedGroup => ({
    id: idOf(seed, "sg", groupCount++),
    name,
    rules,
  });
  const anywhere = { cidr: "0.0.0.0/0" };
  const anywhere6 = { cidr: "::/0" };
  const inside = { cidr: "10.0.0.0/8" };
  const inside6 = { cidr: NETWORK6 };

  const egress = [
    rule("tcp", [0, 65535], inside, "services inside", true),
    rule("udp", 53, inside, "name service", true),
    rule("tcp", 443, anywhere, "https out", true),
    rule("tcp", 443, anywhere6, "https out", true),
    rule("tcp", [0, 65535], inside6, "services inside", true),
    rule("udp", 53, inside6, "name service", true),
  ];
  const base = group("base", egress);
  const applications = topology.applications.map((_, index) => {
    const https = rule("tcp", 443, anywhere, "https from anywhere");
    const https6 = rule("tcp", 443, anywhere6, "https from anywhere");
    const office = rule("tcp", 443, { cidr: OFFICE }, "https from the office, admitted by another rule too");
    const stale = rule("tcp", 8443, anywhere, "old console, only scanners come");
    const webGroup = group(`web-${index}`, [
      https,
      https6,
      office,
      stale,
      rule("tcp", 22, { cidr: OFFICE }, "never used"),
    ]);
    const app = rule("tcp", 8080, { group: webGroup.id }, "from the web tier");
    const appGroup = group(`app-${index}`, [app]);
    const db = rule("tcp", 5432, { group: appGroup.id }, "from the application");
    const dbGroup = group(`db-${index}`, [db]);
    const dns = rule("udp", 53, inside, "name service");
    const dns6 = rule("udp", 53, inside6, "name service");
    const dnsGroup = group(`dns-${index}`, [dns, dns6]);
    const batchGroup = group(`batch-${index}`, [rule("tcp", 9100, { group: appGroup.id }, "metrics, never used")]);
    const ids = {
      https: https.id,
      https6: https6.id,
      office: office.id,
      stale: stale.id,
      app: app.id,
      db: db.id,
      dns: dns.id,
      dns6: dns6.id,
    };
    return {
      ids,
      groups: { web: webGroup, app: appGroup, db: dbGroup, dns: dnsGroup, batch: batchGroup } satisfies Record<
        Role,
        PlannedGroup
      >,
    };
  });

  // Rules that no record can match: their peers do not exist.
  const fillers: PlannedGroup[] = [];
  for (let left = rulesPerInterface - egress.length - 1; left > 0; left -= FILLER_RULES) {
    const rules = Array.from({ length: Math.min(left, FILLER_RULES) }, (_, index) => {
      const number = fillers.length * FILLER_RULES + index;
      const ports: [number, number][] = [
        [443, 443],
        [8080, 8080],
        [1000 + number, 3000 + number],
        [0, 65535],
      ];
      const cidr = `172.${16 + (number >>> 8)}.${number & 255}.0/24`;
      return rule("tcp", ports[number % ports.length], { cidr }, `filler ${number}`, number % 3 === 2);
    });
    fillers.push(group(`filler-${fillers.length}`, rules));
  }

  return {
    groups: [base, ...applications.flatMap(({ groups }) => Object.values(groups)), ...fillers],
    groupsOf: (eni) => [base, applications[eni.application].groups[eni.role], ...fillers],
    egress: {
      inside: egress[0].id,
      dns: egress[1].id,
      https: egress[2].id,
      https6: egress[3].id,
      inside6: egress[4].id,
      dns6: egress[5].id,
    },
    ingress: applications.map(({ ids }) => ids),
    publicAcl: idOf(seed, "acl", 0),
    privateAcl: idOf(seed, "acl", 1),
  };
}
