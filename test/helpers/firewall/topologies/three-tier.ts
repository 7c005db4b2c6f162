import type { Chance } from "../chance.ts";
import { createCloud } from "../cloud.ts";
import type { Scenario, Service } from "../scenario.ts";

const CLIENTS = Array.from(
  { length: 120 },
  (_, at) => `${["203.0.113", "198.51.100", "100.24.90"][at % 3]}.${at * 2 + 3}`,
);
const SIX = Array.from({ length: 12 }, (_, at) => `2001:db8:ffff::${(at + 1).toString(16)}`);
const SCANNERS = ["45.155.205.99", "185.220.101.34", "89.248.165.9", "2001:db8:bad::1"];
const WEB = ["52.94.1.1", "23.94.60.7", "151.101.1.140"];

/** Load balancer, applications, databases, a NAT gateway, a bastion; network ACLs with ephemeral ports, dual stack in front. */
export function threeTier(seed: number, chance: Chance): Scenario {
  const cloud = createCloud(seed);
  const vpc = cloud.vpc("10.8.0.0/16");
  const front = cloud.subnet(vpc, "10.8.0.0/24", "2001:db8:8:0::/64");
  const apps = cloud.subnet(vpc, "10.8.10.0/24");
  const data = cloud.subnet(vpc, "10.8.20.0/24");
  const open = chance.often(50);
  const alb = cloud.group(
    vpc,
    "alb",
    "in tcp 443 0.0.0.0/0",
    "in tcp 443 ::/0",
    ...(open ? ["out all 0.0.0.0/0"] : []),
  );
  const bastion = cloud.group(vpc, "bastion", "in tcp 22 203.0.113.0/26", "out tcp 22 10.8.0.0/16");
  const app = cloud.group(
    vpc,
    "app",
    `in tcp 8080 ${alb}`,
    `in tcp 22 ${bastion}`,
    "out tcp 443 0.0.0.0/0",
    "in icmp 8/-1 10.8.0.0/16",
  );
  const db = cloud.group(vpc, "db", `in tcp 5432 ${app}`, `in tcp 22 ${bastion}`, `in tcp 5432 10.8.10.0/24`);
  const dns = cloud.group(vpc, "dns", "in udp 53 10.8.0.0/16", "in tcp 53 10.8.0.0/16", "out udp 53 0.0.0.0/0");
  cloud.rule(app, `out tcp 5432 ${db}`);
  cloud.rule(app, `out udp 53 ${dns}`);
  cloud.rule(db, `out udp 53 ${dns}`);
  if (!open) cloud.rule(alb, `out tcp 8080 ${app}`);
  cloud.rule(db, "out tcp 5000-6000 self");
  cloud.rule(db, "in tcp 5000-6000 self");
  const range = chance.pick(["1024-65535", "32768-65535"]);
  cloud.acl(
    vpc,
    [front],
    "in 90 deny all 89.248.165.0/24",
    "in 100 allow tcp 443 0.0.0.0/0",
    "in 110 allow tcp 22 203.0.113.0/24",
    `in 120 allow tcp ${range} 0.0.0.0/0`,
    "in 130 allow all 10.8.0.0/16",
    "in 140 allow tcp 443 ::/0",
    "in 150 allow udp 1024-65535 0.0.0.0/0",
    "out 100 allow all 0.0.0.0/0",
    `out 110 allow tcp 1024-65535 ::/0`,
  );
  cloud.acl(
    vpc,
    [apps],
    "in 100 allow tcp 8080 10.8.0.0/24",
    "in 110 allow tcp 22 10.8.0.0/24",
    `in 120 allow tcp ${range} 0.0.0.0/0`,
    "in 130 allow udp 1024-65535 0.0.0.0/0",
    "in 140 allow icmp 8/-1 10.8.0.0/16",
    "out 100 allow tcp 443 0.0.0.0/0",
    "out 110 allow tcp 0-65535 10.8.0.0/16",
    "out 120 allow udp 53 10.8.0.0/16",
    "out 130 allow icmp 10.8.0.0/16",
  );
  cloud.acl(
    vpc,
    [data],
    "in 100 allow all 10.8.0.0/16",
    "out 100 allow all 10.8.0.0/16",
    "out 110 allow udp 53 0.0.0.0/0",
    "in 110 allow udp 1024-65535 0.0.0.0/0",
  );
  const albs = ["10.8.0.10", "10.8.0.11"];
  const albSix = ["2001:db8:8::10", "2001:db8:8::11"];
  albs.forEach((one, at) => cloud.nic(front, [alb], [one, albSix[at]]));
  cloud.nic(front, [], ["10.8.0.5"], "natGateway");
  cloud.nic(front, [bastion], ["10.8.0.20"]);
  const appHosts = ["10.8.10.11", "10.8.10.12", "10.8.10.13"];
  for (const one of appHosts) cloud.nic(apps, [app], [one]);
  const dbHosts = ["10.8.20.31", "10.8.20.32"];
  for (const one of dbHosts) cloud.nic(data, [db], [one]);
  cloud.nic(data, [dns], ["10.8.20.53"]);
  const tcp = (
    server: string,
    port: number,
    clients: readonly string[],
    connections: number,
    ...kinds: string[]
  ): Service => ({ server, port, protocol: 6, clients, kinds, connections });
  const usual = [
    "short",
    "short",
    "short",
    "greeted",
    "keepalive",
    "aborted",
    "probe",
    "late",
    "reused",
    "idle",
    "halfOpen",
  ];
  const services: Service[] = [
    ...albs.map((one) => tcp(one, 443, CLIENTS, 150, ...usual)),
    ...albSix.map((one) => tcp(one, 443, SIX, 20, ...usual)),
    ...appHosts.map((one) => tcp(one, 8080, albs, 120, "short", "short", "short", "pooled", "refused", "probe")),
    ...dbHosts.map((one) => tcp(one, 5432, appHosts, 25, "greeted", "pooled", "idle", "reused")),
    ...dbHosts.map((one) => tcp(one, 5500, dbHosts, 6, "pooled", "short")),
    ...WEB.map((one) => tcp(one, 443, appHosts, 20, "short", "keepalive", "late", "reused")),
    tcp("10.8.0.20", 22, [...CLIENTS.slice(0, 9), ...SCANNERS.slice(0, 3)], 25, "greeted"),
    ...appHosts.map((one) => tcp(one, 22, ["10.8.0.20", albs[0]], 6, "greeted")),
    {
      server: "10.8.20.53",
      port: 53,
      protocol: 17,
      clients: [...appHosts, ...dbHosts],
      kinds: ["query", "query", "query", "lateAnswer", "unreachable"],
      connections: 120,
    },
    {
      server: "1.1.1.1",
      port: 53,
      protocol: 17,
      clients: ["10.8.20.53"],
      kinds: ["query", "query", "lateAnswer"],
      connections: 40,
    },
  ];
  return {
    name: "three-tier",
    epochs: [{ from: 0, documents: cloud.documents }],
    services,
    scanners: [...SCANNERS, appHosts[0]],
    internet: [...CLIENTS.slice(0, 6), ...SIX.slice(0, 2), ...SCANNERS, ...WEB],
    natGateway: (one) => (one.startsWith("10.8.1") ? "10.8.0.5" : null),
  };
}
