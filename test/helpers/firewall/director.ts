import type { Chance } from "./chance.ts";
import { createNetwork, type Network } from "./network.ts";
import { ICMP, ICMPV6, SYN, TCP, UDP } from "./packet.ts";
import { address } from "./prefix.ts";
import { inside, type Scenario, SECONDS, type Service, START } from "./scenario.ts";
import { errorAbout, ping, tunnel, UDP_KINDS } from "./traffic/datagrams.ts";
import { bruteForce, scan, type Scan } from "./traffic/scans.ts";
import { TCP_KINDS } from "./traffic/tcp.ts";
import { createWire, type Ends, type Wire } from "./traffic/wire.ts";

/** Plays all traffic of a scenario: its services, pings, tunnels, ICMP errors, strangers, scans and password guessing. */
export function play(scenario: Scenario, chance: Chance): Network {
  const network = createNetwork(scenario.epochs, scenario.natGateway);
  const hosts = inside(scenario.epochs[0].documents);
  // What an interface sends to itself never leaves its host.
  const owner = network.configs[0].ownerOf;
  const sameFamily = (one: string, list: readonly string[]): string[] =>
    list.filter(
      (other) => address(other).width === address(one).width && (owner(other) ?? other) !== (owner(one) ?? one),
    );
  const listening = new Set(scenario.services.filter(({ listens }) => listens !== false).map(nameOf));
  const ports = createPorts(chance);
  const anyTime = (): number => START + chance.within(0, SECONDS - 60);

  for (const service of scenario.services) {
    for (let left = service.connections; left > 0; left--) {
      const client = chance.pick(sameFamily(service.server, service.clients));
      if (client === undefined) break;
      const ends = { client, server: service.server, serverPort: service.port, protocol: service.protocol };
      const wire = createWire(network, ports.take(ends), anyTime());
      const kinds = service.protocol === TCP ? TCP_KINDS : UDP_KINDS;
      kinds[chance.pick(service.kinds)](wire, chance, START + SECONDS);
      if (chance.often(2)) packetTooBig(wire);
    }
  }
  for (let left = Math.ceil(hosts.length / 2); left > 0; left--) {
    const [from, to] = chance.often(70)
      ? [chance.pick(hosts), chance.pick([...hosts, ...scenario.internet])]
      : [chance.pick(scenario.internet), chance.pick(hosts)];
    if (sameFamily(from, [to]).length === 0) continue;
    playAlone(network, ports, from, to, anyTime(), chance);
  }
  for (const source of scenario.scanners) {
    const targets = sameFamily(source, chance.shuffled(hosts));
    if (targets.length > 0) scan(network, scanPlan(source, targets, chance), chance, listens);
  }
  const admin = scenario.services.filter(({ port, listens }) => port === 22 && listens !== false);
  for (const { server, port } of admin) {
    const [source] = sameFamily(server, chance.shuffled(scenario.scanners));
    if (source !== undefined) {
      bruteForce(network, { source, target: server, port, start: anyTime(), tries: chance.between(5, 40) }, chance);
    }
  }
  return network;

  function listens(target: string, port: number): boolean {
    return listening.has(nameOf({ server: target, port, protocol: TCP }));
  }
}

const nameOf = ({ server, port, protocol }: Pick<Service, "server" | "port" | "protocol">): string =>
  `${protocol}|${server}|${port}`;

/** A knock that nobody expects, a ping, or a tunnel. */
function playAlone(network: Network, ports: Ports, from: string, to: string, time: number, chance: Chance): void {
  const four = address(from).width === 32;
  const ends = { client: from, clientPort: 0, server: to, serverPort: 0 };
  const what = chance.between(0, 9);
  if (what < 4) {
    const port = chance.pick([22, 23, 80, 443, 445, 1433, 3306, 3389, 5432, 6379, 8080, 9200, 40_022]);
    const wire = createWire(network, ports.take({ client: from, server: to, serverPort: port, protocol: TCP }), time);
    TCP_KINDS.refused(wire, chance, START + SECONDS);
  } else if (what < 6) {
    const port = chance.pick([53, 123, 161, 514, 1900, 4789]);
    const wire = createWire(network, ports.take({ client: from, server: to, serverPort: port, protocol: UDP }), time);
    UDP_KINDS[chance.pick(["unanswered", "oneWay", "unreachable"])](wire, chance, START + SECONDS);
  } else if (what < 9) {
    const wire = createWire(network, { ...ends, protocol: four ? ICMP : ICMPV6 }, time);
    ping(wire, chance.between(1, 65_000), chance.between(1, 12), chance.often(80));
  } else {
    const protocol = chance.pick([47, 50]);
    if (!ports.claim(`${protocol}|${[from, to].sort().join()}`)) return;
    tunnel(createWire(network, { ...ends, protocol }, time), chance, chance.often(60));
  }
}

/** The server, or a router on the way, says that a segment of the client was too big. */
function packetTooBig(wire: Wire): void {
  if (wire.ends.protocol === TCP) errorAbout(wire, wire.packet(SYN, 8, false), wire.ends.server, "size");
}

function scanPlan(source: string, targets: readonly string[], chance: Chance): Scan {
  const probe = chance.pick(["syn", "syn", "syn", "ack", "fin", "null", "xmas"] as const);
  const common = { source, probe, start: START + chance.within(0, SECONDS / 3) };
  const known = [21, 22, 23, 25, 80, 110, 443, 445, 1433, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 11211, 27017];
  return chance.often(50)
    ? { ...common, targets: targets.slice(0, 1), ports: chance.shuffled(range(1, 400)), pace: 0.05 }
    : {
        ...common,
        targets: targets.slice(0, 60),
        ports: chance.shuffled(known).slice(0, 6),
        pace: chance.within(0.1, 2),
      };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

interface Ports {
  /** Ends with a client port that no connection between them had before. */
  take(ends: Omit<Ends, "clientPort">): Ends;
  /** False when it was claimed before. */
  claim(name: string): boolean;
}

/** Client ports as Linux, Windows and load balancers choose them, each system always the same way. */
function createPorts(chance: Chance): Ports {
  const ranges = new Map<string, readonly [number, number]>();
  const taken = new Set<string>();
  const claim = (name: string): boolean => taken.size < taken.add(name).size;
  return {
    claim,
    take(ends) {
      const known =
        ranges.get(ends.client) ??
        chance.pick([
          [32_768, 60_999],
          [32_768, 60_999],
          [49_152, 65_535],
          [1024, 65_535],
        ] as const);
      ranges.set(ends.client, known);
      for (;;) {
        const clientPort = chance.between(...known);
        const name = `${ends.protocol}|${ends.client}|${clientPort}|${ends.server}|${ends.serverPort}`;
        const mirror = `${ends.protocol}|${ends.server}|${ends.serverPort}|${ends.client}|${clientPort}`;
        if (!taken.has(mirror) && claim(name)) return { ...ends, clientPort };
      }
    },
  };
}
