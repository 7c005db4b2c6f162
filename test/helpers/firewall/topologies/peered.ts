import type { Chance } from "../chance.ts";
import { createCloud } from "../cloud.ts";
import type { Scenario, Service } from "../scenario.ts";

/** Two networks over a peering connection, whose groups name each other; one of them reaches the other by block as well. */
export function peered(seed: number, chance: Chance): Scenario {
  const cloud = createCloud(seed);
  const [near, far] = [cloud.vpc("10.20.0.0/16"), cloud.vpc("172.20.0.0/16")];
  cloud.peer(near, far);
  const [nearNet, farNet] = [cloud.subnet(near, "10.20.1.0/24"), cloud.subnet(far, "172.20.1.0/24")];
  const [nearBack, farBack] = [cloud.subnet(near, "10.20.2.0/24"), cloud.subnet(far, "172.20.2.0/24")];
  cloud.acl(near, [nearNet, nearBack]);
  cloud.acl(
    far,
    [farNet],
    "in 100 allow tcp 0-65535 10.20.0.0/16",
    "in 110 allow all 172.20.0.0/16",
    "out 100 allow all 0.0.0.0/0",
  );
  cloud.acl(
    far,
    [farBack],
    "in 100 allow all 0.0.0.0/0",
    "out 100 allow tcp 1024-65535 0.0.0.0/0",
    "out 200 allow udp 32768-65535 10.20.0.0/16",
  );
  const clients = cloud.group(near, "clients");
  const tools = cloud.group(near, "tools", "in all self", "out all self");
  const api = cloud.group(far, "api", `in tcp 9000-9010 ${clients}`, `in tcp 22 ${tools}`);
  const store = cloud.group(far, "store", `in tcp 6379 ${api}`, `in udp 8125 ${clients}`, "in tcp 6379 10.20.2.0/24");
  cloud.rule(clients, `out tcp 9000-9010 ${api}`);
  cloud.rule(clients, `out udp 8125 ${store}`);
  cloud.rule(tools, "out tcp 0-65535 172.20.0.0/16");
  cloud.rule(api, `out tcp 6379 ${store}`);
  cloud.rule(api, `out tcp 41000 ${clients}`);
  cloud.rule(clients, `in tcp 41000 ${api}`);
  const hosts = (subnet: string, groups: string[], base: string, count: number): string[] =>
    Array.from({ length: count }, (_, at) => {
      const own = `${base}.${10 + at * 3}`;
      const all = chance.often(30) ? [own, `${base}.${11 + at * 3}`] : [own];
      cloud.nic(subnet, groups, all);
      return all;
    }).flat();
  const clientHosts = hosts(nearNet, [clients], "10.20.1", 4);
  const toolHosts = hosts(nearBack, [tools], "10.20.2", 2);
  const apiHosts = hosts(farNet, [api], "172.20.1", 3);
  const storeHosts = hosts(farBack, [store], "172.20.2", 2);
  const all = [
    "short",
    "short",
    "short",
    "greeted",
    "pooled",
    "keepalive",
    "idle",
    "aborted",
    "late",
    "reused",
    "refused",
    "halfOpen",
  ];
  const service = (server: string, port: number, users: readonly string[], connections = 25, kinds = all): Service => ({
    server,
    port,
    protocol: 6,
    clients: users,
    kinds,
    connections,
  });
  const services: Service[] = [
    ...apiHosts.flatMap((one) => [
      service(one, 9003, clientHosts),
      service(one, 9003, toolHosts, 8),
      service(one, 22, toolHosts, 5, ["greeted"]),
    ]),
    ...storeHosts.flatMap((one) => [
      service(one, 6379, apiHosts),
      service(one, 6379, toolHosts, 10),
      service(one, 6379, clientHosts, 10),
    ]),
    ...clientHosts.map((one) => service(one, 41_000, apiHosts, 12)),
    ...storeHosts.map((one): Service => ({
      server: one,
      port: 8125,
      protocol: 17,
      clients: [...clientHosts, ...toolHosts],
      kinds: ["oneWay", "stream", "query"],
      connections: 30,
    })),
    ...toolHosts.map((one) => service(one, 3000, [...toolHosts, ...clientHosts], 10)),
  ];
  return {
    name: "peered",
    epochs: [{ from: 0, documents: cloud.documents }],
    services,
    scanners: [toolHosts[0], clientHosts[0]],
    internet: ["203.0.113.9", "198.51.100.8"],
  };
}
