import type { Chance } from "../chance.ts";
import { createCloud } from "../cloud.ts";
import type { Scenario, Service } from "../scenario.ts";

const CLIENTS = Array.from({ length: 64 }, (_, at) => `203.0.113.${at * 4 + 1}`);
const PORTS = [22, 80, 443, 1521, 8080, 8443, 9200, 27_017];

/** Network ACLs with many entries that overlap, allow and deny in turn; groups that say little. */
export function denseAcls(seed: number, chance: Chance): Scenario {
  const cloud = createCloud(seed);
  const vpc = cloud.vpc("10.40.0.0/16");
  const subnets = [1, 2, 3, 4].map((at) => cloud.subnet(vpc, `10.40.${at}.0/24`));
  for (const subnet of subnets) {
    const entries = (["in", "out"] as const).flatMap((way) =>
      numbers(chance).map((number) => `${way} ${number} ${randomEntry(chance)}`),
    );
    cloud.acl(
      vpc,
      [subnet],
      ...entries,
      "in 32000 allow all 10.40.0.0/16",
      "out 32000 allow all 10.40.0.0/16",
      "out 32100 allow all 203.0.113.0/24",
    );
  }
  const wide = cloud.group(
    vpc,
    "wide",
    "in tcp 0-65535 0.0.0.0/0",
    "in udp 0-65535 0.0.0.0/0",
    "in icmp 10.40.0.0/16",
    "out all 0.0.0.0/0",
  );
  const narrow = cloud.group(
    vpc,
    "narrow",
    "in tcp 443 203.0.113.0/24",
    `in all ${wide}`,
    `out all ${wide}`,
    "out tcp 443 0.0.0.0/0",
    "in 50 10.40.0.0/16",
  );
  const hosts = subnets.flatMap((subnet, net) =>
    Array.from({ length: chance.between(2, 5) }, (_, at) => {
      const own = `10.40.${net + 1}.${10 + at}`;
      cloud.nic(subnet, [chance.often(50) ? wide : narrow], [own]);
      return own;
    }),
  );
  const kinds = [
    "short",
    "short",
    "greeted",
    "keepalive",
    "pooled",
    "idle",
    "aborted",
    "late",
    "reused",
    "halfOpen",
    "refused",
  ];
  const services = hosts.flatMap((server): Service[] => [
    { server, port: chance.pick(PORTS), protocol: 6, clients: [...hosts, ...CLIENTS], kinds, connections: 40 },
    { server, port: chance.pick(PORTS), protocol: 6, clients: CLIENTS, kinds, connections: 25 },
    {
      server,
      port: chance.pick([53, 123, 4500, 8125]),
      protocol: 17,
      clients: [...hosts, ...CLIENTS],
      kinds: ["query", "stream", "oneWay", "lateAnswer", "unreachable"],
      connections: 15,
    },
  ]);
  return {
    name: "dense-acls",
    epochs: [{ from: 0, documents: cloud.documents }],
    services,
    scanners: ["203.0.113.66", "45.155.205.9", hosts[0]],
    internet: CLIENTS.slice(0, 20),
  };
}

const numbers = (chance: Chance): number[] =>
  chance.shuffled(Array.from({ length: 120 }, (_, at) => at * 7 + 1)).slice(0, chance.between(10, 19));

function randomEntry(chance: Chance): string {
  const block = chance.pick([
    "0.0.0.0/0",
    "0.0.0.0/0",
    "203.0.113.0/24",
    "203.0.113.0/25",
    "203.0.113.128/26",
    "203.0.113.64/27",
    "10.40.0.0/16",
    "10.40.2.0/23",
    "10.40.1.0/24",
    "10.40.3.12/30",
  ]);
  const action = chance.often(70) ? "allow" : "deny";
  const range = chance.pick([
    "1024-65535",
    "32768-60999",
    "49152-65535",
    "0-65535",
    "443",
    "80",
    "22",
    "8000-9000",
    "1-1023",
  ]);
  const service = chance.pick([
    `tcp ${range}`,
    `tcp ${range}`,
    `tcp ${range}`,
    `udp ${range}`,
    "udp 53",
    "icmp",
    "all",
  ]);
  // A deny of everything would leave nothing to see.
  return action === "deny" && service === "all"
    ? `deny tcp ${range} 203.0.113.128/26`
    : `${action} ${service} ${block}`;
}
