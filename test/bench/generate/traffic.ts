import { formatIpv6 } from "../../../src/net/address.ts";
import { BLOCKED_NETWORK, type Policy } from "./policy.ts";
import { createRandom } from "./random.ts";
import type { Application, Eni, Topology } from "./topology.ts";

/** One end of a flow: an interface of ours, or an address outside. */
export interface End {
  readonly eni: Eni | null;
  /** IPv4 as a number; -1 for IPv6. */
  readonly address: number;
  /** Null for IPv4. */
  readonly address6: string | null;
}

/** How often connections of each kind open; probes follow from the options. */
const WEIGHTS = { web: 25, office: 2, app: 25, db: 15, https: 10, dns: 15, lateral: 1, stale: 1, probe: 0 };
type FlowKind = keyof typeof WEIGHTS;

/** A connection, or a packet that was refused. `lateral` and `probe` are refused by the server's interface or subnet. */
export interface Flow {
  readonly kind: FlowKind;
  readonly client: End;
  readonly server: End;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly protocol: number;
  /** Flags of the client's and the server's record when one record holds the whole connection. */
  readonly clientFlags: number;
  readonly serverFlags: number;
  /** Rules that admit it, at the client's interface and at the server's. */
  readonly rules: readonly string[];
}

export interface TrafficOptions {
  /** Share of the records that are rejected probes from the internet. */
  readonly scanners: number;
  /** Share of the records that belong to probes of the port that an old rule leaves open, beyond those that always come. */
  readonly admittedScanners: number;
  /** Addresses that probes come from, of either family. */
  readonly scannerSources: number;
  /** Share of the connections and probes that use IPv6, except those of the office and to the old open port. */
  readonly ipv6: number;
}

export interface Traffic {
  next(): Flow;
  /** A flow that leaves exactly one record. */
  probe(): Flow;
}

const TCP = 6;
const UDP = 17;
// SYN 2, FIN 1, RST 4, SYN-ACK 18
const SYN_FIN = 3;
const SYN_ACK_FIN = 19;
/** Primes: (port, server) of a client repeats only after the product of their counts. */
const CLIENT_PORTS = 28_229;
const FIRST_CLIENT_PORT = 32_768;
const OUTSIDE_SERVERS = 251;
/** Records of an average connection and of an admitted probe, to turn shares of records into shares of events. */
const RECORDS_PER_CONNECTION = 4.1;
const RECORDS_PER_ADMITTED = 2;
/** Scanners lie scattered in 185.0.0.0/9; the factor is odd, so that each has an address of its own. */
const SCANNERS = 0xb9000000;
const scatter = (number: number, mask: number): number => Math.imul(number, 0x9e3779b1) & mask;

/** Draws flows without end. No two connections share their five-tuple, so each is one connection to any tracker. */
export function createTraffic(topology: Topology, policy: Policy, options: TrafficOptions, seed: number): Traffic {
  const random = createRandom(seed);
  const { enis, applications } = topology;
  const webs = enis.filter((eni) => eni.role === "web");
  const clients = enis.filter((eni) => eni.role !== "dns");
  const kinds = drawingTable(options);

  const ends = enis.map((eni): End => ({ eni, address: eni.address, address6: null }));
  const ends6 = enis.map((eni): End => ({ eni, address: -1, address6: eni.address6 }));
  const endsOf = (six: boolean): readonly End[] => (six ? ends6 : ends);
  const outside = (address: number): End => ({ eni: null, address, address6: null });
  const outside6 = (high: number, number: number): End => ({
    eni: null,
    address: -1,
    address6: formatIpv6(high, number >>> 16, number << 16, 0x100 + (number % 60_000)),
  });
  const servers = Array.from({ length: OUTSIDE_SERVERS }, (_, index) => outside(0x34000010 + index * 65_543));
  const servers6 = Array.from({ length: OUTSIDE_SERVERS }, (_, index) => outside6(0x26064700, index));

  const { egress } = policy;
  const onlyHttps = [egress.https];
  const onlyHttps6 = [egress.https6];
  const onlyInside = [egress.inside];
  const onlyInside6 = [egress.inside6];
  const admitted = policy.ingress.map((ingress) => ({
    https: [ingress.https],
    https6: [ingress.https6],
    office: [ingress.https, ingress.office],
    stale: [ingress.stale],
    app: [egress.inside, ingress.app],
    app6: [egress.inside6, ingress.app],
    db: [egress.inside, ingress.db],
    db6: [egress.inside6, ingress.db],
    dns: [egress.dns, ingress.dns],
    dns6: [egress.dns6, ingress.dns6],
  }));

  const totals = { web: 0, office: 0, stale: 0, probe: 0 };
  const used = {
    app: new Uint32Array(enis.length),
    db: new Uint32Array(enis.length),
    https: new Uint32Array(enis.length),
    dns: new Uint32Array(enis.length),
    lateral: new Uint32Array(enis.length),
  };
  const sources = options.scannerSources;
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)];
  const overIpv6 = (): boolean => random.below(1000) < options.ipv6 * 1000;
  const applicationOf = (eni: Eni): Application => applications[eni.application];
  const appServer = (): Eni => pick(applicationOf(pick(clients)).app);

  /** How often this client opened such a connection before; choosing port and server by it makes them a new pair. */
  const turn = (counts: Uint32Array, client: Eni, serverCount: number): number => {
    const number = counts[client.index]++;
    if (number < CLIENT_PORTS * serverCount) return number;
    throw new Error(`interface ${client.id} has no unused port left: generate more interfaces`);
  };
  const portOf = (client: Eni, number: number): number =>
    FIRST_CLIENT_PORT + ((number + client.index * 7919) % CLIENT_PORTS);

  const flow = (
    kind: FlowKind,
    client: End,
    server: End,
    clientPort: number,
    serverPort: number,
    protocol: number,
    clientFlags: number,
    serverFlags: number,
    rules: readonly string[],
  ): Flow => ({ kind, client, server, clientPort, serverPort, protocol, clientFlags, serverFlags, rules });
  const inside = (
    kind: "app" | "db" | "dns" | "lateral",
    client: Eni,
    serverEnis: readonly Eni[],
    serverPort: number,
    rules: readonly string[],
    rules6: readonly string[],
  ): Flow => {
    const number = turn(used[kind], client, serverEnis.length);
    const six = overIpv6();
    const server = endsOf(six)[serverEnis[number % serverEnis.length].index];
    const [protocol, clientFlags, serverFlags] =
      kind === "dns" ? [UDP, 0, 0] : kind === "lateral" ? [TCP, 2, 0] : [TCP, SYN_FIN, SYN_ACK_FIN];
    const port = portOf(client, number);
    const from = endsOf(six)[client.index];
    return flow(kind, from, server, port, serverPort, protocol, clientFlags, serverFlags, six ? rules6 : rules);
  };

  const web = (): Flow => {
    // Four connections of every client; the factor is odd, so that no address comes twice.
    const number = totals.web++;
    const server = pick(webs);
    const port = 1024 + ((number * 7919) % 60_000);
    const host = Math.imul(number >>> 2, 0x9e3779b1) & 0x1fffffff;
    const rules = admitted[server.application];
    return overIpv6()
      ? flow("web", outside6(0x2a020000, host), ends6[server.index], port, 443, TCP, SYN_FIN, SYN_ACK_FIN, rules.https6)
      : flow(
          "web",
          outside(20 * 2 ** 24 + host),
          ends[server.index],
          port,
          443,
          TCP,
          SYN_FIN,
          SYN_ACK_FIN,
          rules.https,
        );
  };
  const office = (): Flow => {
    const number = totals.office++;
    const server = pick(webs);
    const port = 1024 + (Math.floor(number / 250) % 60_000);
    const client = outside(0xcb007100 + 2 + (number % 250));
    const { office: rules } = admitted[server.application];
    return flow("office", client, ends[server.index], port, 443, TCP, SYN_FIN, SYN_ACK_FIN, rules);
  };
  const https = (): Flow => {
    const client = pick(clients);
    const number = turn(used.https, client, OUTSIDE_SERVERS);
    const six = overIpv6();
    const from = endsOf(six)[client.index];
    const to = (six ? servers6 : servers)[number % OUTSIDE_SERVERS];
    const rules = six ? onlyHttps6 : onlyHttps;
    return flow("https", from, to, portOf(client, number), 443, TCP, SYN_FIN, SYN_ACK_FIN, rules);
  };
  /** A scanner's SYN to a port that an old rule leaves open, answered by a reset. */
  const stale = (): Flow => {
    const number = totals.stale++;
    const server = pick(webs);
    const port = 1024 + (Math.floor(number / sources) % 60_000);
    const client = outside(SCANNERS + scatter(number % sources, 0x7fffff));
    return flow("stale", client, ends[server.index], port, 8443, TCP, 2, 4, admitted[server.application].stale);
  };
  const probe = (): Flow => {
    const number = totals.probe++;
    const server = pick(webs);
    const source = random.below(sources);
    // One scanner in four comes from the block that the network ACL denies, and tries 443 too.
    const blocked = (source & 3) === 0;
    const six = !blocked && overIpv6();
    const client = blocked
      ? outside(BLOCKED_NETWORK * 0x10000 + scatter(source >>> 2, 0xffff))
      : six
        ? outside6(0x2a0e0000, source)
        : outside(SCANNERS + scatter(source, 0x7fffff));
    let port = 1 + random.below(65_535);
    if (blocked && (number & 31) === 0) port = 443;
    else if (port === 443 || port === 8443) port = 22;
    return flow("probe", client, endsOf(six)[server.index], 1024 + random.below(60_000), port, TCP, 2, 0, []);
  };
  const draw: Record<FlowKind, () => Flow> = {
    web,
    office,
    https,
    stale,
    probe,
    app() {
      const client = pick(webs);
      const { app, app6 } = admitted[client.application];
      return inside("app", client, applicationOf(client).app, 8080, app, app6);
    },
    db() {
      const client = appServer();
      const { db, db6 } = admitted[client.application];
      return inside("db", client, applicationOf(client).db, 5432, db, db6);
    },
    dns() {
      const client = pick(clients);
      const { dns, dns6 } = admitted[client.application];
      return inside("dns", client, applicationOf(client).dns, 53, dns, dns6);
    },
    lateral() {
      const client = appServer();
      return inside("lateral", client, applicationOf(client).db, 22, onlyInside, onlyInside6);
    },
  };
  return { next: () => draw[pick(kinds)](), probe };
}

function drawingTable({ scanners, admittedScanners }: TrafficOptions): FlowKind[] {
  const connections = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);
  const records = (connections * RECORDS_PER_CONNECTION) / (1 - scanners - admittedScanners);
  const weights = {
    ...WEIGHTS,
    probe: records * scanners,
    stale: WEIGHTS.stale + (records * admittedScanners) / RECORDS_PER_ADMITTED,
  };
  return (Object.keys(weights) as FlowKind[]).flatMap((kind): FlowKind[] =>
    Array.from({ length: Math.round(weights[kind] * 10) }, () => kind),
  );
}
