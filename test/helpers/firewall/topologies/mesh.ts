import type { Chance } from "../chance.ts";
import { createCloud } from "../cloud.ts";
import { type Scenario, type Service } from "../scenario.ts";

/** Ports of the services, some of them where clients have theirs. */
const PORTS = [
  80, 443, 3000, 5000, 7070, 8080, 8443, 9090, 9443, 15_020, 20_001, 31_337, 34_567, 40_404, 50_051, 51_820,
];
const S3 = ["52.216.0.0/15", "3.5.0.0/19", "54.231.0.0/16"];
const PARTNERS = ["198.51.100.64/26", "203.0.113.16/28", "192.0.2.7/32"];
const OUTSIDE = [
  "52.216.3.4",
  "52.217.9.1",
  "3.5.7.8",
  "54.231.40.2",
  "198.51.100.70",
  "198.51.100.99",
  "203.0.113.20",
  "192.0.2.7",
];
const STRANGERS = ["45.155.205.9", "185.220.101.34", "203.0.113.200", "198.51.100.5"];

/** Microservices: nothing but group references, self references and prefix lists; every service a group of its own. */
export function mesh(seed: number, chance: Chance, size = chance.between(5, 9)): Scenario {
  const cloud = createCloud(seed);
  const vpc = cloud.vpc("10.0.0.0/16");
  const subnets = [0, 1, 2].map((at) => ({ id: cloud.subnet(vpc, `10.0.${at * 16}.0/20`), block: at, next: 10 }));
  cloud.acl(
    vpc,
    subnets.map(({ id }) => id),
  );
  const s3 = cloud.prefixList(...S3);
  const partners = cloud.prefixList(...PARTNERS);
  const unused = cloud.prefixList("192.168.0.0/24");
  const services: Service[] = [];
  const teams = Array.from({ length: size }, (_, at) => ({
    group: cloud.group(vpc, `svc-${at}`),
    port: chance.pick(PORTS),
    protocol: chance.often(85) ? (6 as const) : (17 as const),
    members: [] as string[],
  }));
  const shared = cloud.group(vpc, "sidecars", "in tcp 15090 self", "out tcp 15090 self", `out tcp 443 ${s3}`);
  for (const team of teams) {
    for (let left = chance.between(1, 4); left > 0; left--) {
      const subnet = chance.pick(subnets);
      const take = (): string => `10.0.${subnet.block * 16 + 3}.${subnet.next++}`;
      const addresses = chance.often(25) ? [take(), take(), take()] : [take()];
      cloud.nic(subnet.id, chance.often(60) ? [team.group, shared] : [team.group], addresses);
      team.members.push(...addresses);
    }
  }
  const name = (protocol: number): string => (protocol === 6 ? "tcp" : "udp");
  const kinds = (protocol: number): string[] =>
    protocol === 6
      ? [
          "short",
          "short",
          "short",
          "short",
          "greeted",
          "pooled",
          "keepalive",
          "idle",
          "refused",
          "aborted",
          "probe",
          "late",
          "halfOpen",
          "reused",
        ]
      : ["query", "query", "query", "stream", "oneWay", "lateAnswer", "unanswered"];
  teams.forEach((team, at) => {
    const callees = chance.shuffled(teams.filter((other) => other !== team)).slice(0, chance.between(1, 3));
    for (const callee of callees) {
      const what = name(callee.protocol);
      // Sometimes one of the two sides was forgotten, or a range says more than is meant.
      const range = chance.often(20) ? `${callee.port}-${callee.port + 5}` : `${callee.port}`;
      if (chance.often(90)) cloud.rule(team.group, `out ${what} ${range} ${callee.group}`);
      if (chance.often(90)) cloud.rule(callee.group, `in ${what} ${range} ${team.group}`);
      for (const server of callee.members) {
        services.push({
          server,
          port: callee.port,
          protocol: callee.protocol,
          clients: team.members,
          kinds: kinds(callee.protocol),
          connections: chance.between(4, 30),
        });
      }
    }
    if (chance.often(50)) {
      // Gossip among themselves: both ends use the same port, or each asks each.
      const port = chance.pick([7946, 4789, 6783, 24_007]);
      cloud.rule(team.group, "in all self");
      cloud.rule(team.group, "out all self");
      for (const server of team.members) {
        const protocol = chance.pick([6, 17] as const);
        services.push({ server, port, protocol, clients: team.members, kinds: kinds(protocol), connections: 8 });
      }
    }
    if (chance.often(60)) cloud.rule(team.group, `out tcp 443 ${s3}`);
    if (at === 0) cloud.rule(team.group, `in ${name(team.protocol)} ${team.port} ${partners}`);
    if (at === 1) cloud.rule(team.group, `in tcp 22 ${unused}`);
    services.push({
      server: chance.pick(OUTSIDE),
      port: 443,
      protocol: 6,
      clients: team.members,
      kinds: ["short", "greeted", "reused", "keepalive"],
      connections: 10,
    });
  });
  const front = teams[0];
  for (const server of front.members) {
    const clients = [...OUTSIDE, ...STRANGERS];
    services.push({ ...front, server, clients, kinds: kinds(front.protocol), connections: 30 });
  }
  cloud.group(vpc, "nobody", "in tcp 443 self", `out tcp 443 ${s3}`);
  return {
    name: "mesh",
    epochs: [{ from: 0, documents: cloud.documents }],
    services,
    scanners: [STRANGERS[0], chance.pick(teams.at(-1)!.members)],
    internet: [...OUTSIDE, ...STRANGERS],
  };
}
