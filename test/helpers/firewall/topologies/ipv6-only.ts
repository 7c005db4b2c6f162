import type { Chance } from "../chance.ts";
import { createCloud } from "../cloud.ts";
import type { Scenario, Service } from "../scenario.ts";

const OUTSIDE = Array.from(
  { length: 40 },
  (_, at) => `2001:db8:f${(at % 4).toString(16)}00:${(at * 37 + 1).toString(16)}::${(at + 5).toString(16)}`,
);

/** Subnets without IPv4: group references, blocks and network ACL entries of IPv6 only. */
export function ipv6Only(seed: number, chance: Chance): Scenario {
  const cloud = createCloud(seed);
  const vpc = cloud.vpc("10.30.0.0/16");
  const front = cloud.subnet(vpc, "2001:db8:30:1::/64");
  const back = cloud.subnet(vpc, "2001:db8:30:2::/64");
  cloud.acl(
    vpc,
    [front],
    "in 80 deny all 2001:db8:f300::/40",
    "in 100 allow tcp 443 ::/0",
    "in 110 allow tcp 1024-65535 ::/0",
    "in 120 allow udp 1024-65535 2001:db8::/32",
    "in 130 allow icmpv6 ::/0",
    "out 100 allow all ::/0",
  );
  cloud.acl(
    vpc,
    [back],
    "in 100 allow all 2001:db8:30::/48",
    "in 200 allow tcp 32768-65535 ::/0",
    "out 100 allow all ::/0",
  );
  const tracked = chance.often(50);
  const web = cloud.group(
    vpc,
    "web",
    "in tcp 443 ::/0",
    "in icmpv6 2001:db8:30::/48",
    ...(tracked ? [] : ["out all ::/0"]),
  );
  const app = cloud.group(
    vpc,
    "app",
    `in tcp 8443 ${web}`,
    "in udp 5353 2001:db8:30:2::/64",
    "out tcp 443 ::/0",
    "out udp 5353 self",
  );
  if (tracked) cloud.rule(web, `out tcp 8443 ${app}`);
  const six = (subnet: string, group: string, net: number, count: number): string[] =>
    Array.from({ length: count }, (_, at) => {
      const own = `2001:db8:30:${net}::${(0x10 + at).toString(16)}`;
      cloud.nic(subnet, [group], [own]);
      return own;
    });
  const webs = six(front, web, 1, 3);
  const apps = six(back, app, 2, 4);
  const kinds = [
    "short",
    "short",
    "short",
    "greeted",
    "keepalive",
    "idle",
    "aborted",
    "late",
    "reused",
    "probe",
    "halfOpen",
    "refused",
  ];
  const tcp = (server: string, port: number, clients: readonly string[], connections: number): Service => ({
    server,
    port,
    protocol: 6,
    clients,
    kinds,
    connections,
  });
  return {
    name: "ipv6-only",
    epochs: [{ from: 0, documents: cloud.documents }],
    services: [
      ...webs.map((one) => tcp(one, 443, OUTSIDE, 120)),
      ...apps.map((one) => tcp(one, 8443, webs, 50)),
      ...OUTSIDE.slice(0, 4).map((one) => tcp(one, 443, apps, 10)),
      ...apps.map((one): Service => ({
        server: one,
        port: 5353,
        protocol: 17,
        clients: [...apps, ...webs],
        kinds: ["query", "oneWay", "unreachable", "stream"],
        connections: 20,
      })),
    ],
    scanners: ["2001:db8:bad::7", "2001:db8:f300:1::66", apps[0]],
    internet: OUTSIDE.slice(0, 10),
  };
}
