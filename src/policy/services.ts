import type { PortRange } from "../model/model.ts";
import { TCP, UDP } from "../net/protocols.ts";

/**
 * Services: classes of TCP and UDP destination ports that no rule tells apart, and every other protocol. Records without a
 * port or protocol have services of their own, which it may be uncertain whether a rule covers.
 */
export interface Services {
  /** Service of each TCP port, of each UDP port, of each protocol without ports. */
  readonly tcp: Uint16Array;
  readonly udp: Uint16Array;
  readonly other: Uint16Array;
  /** A protocol and port of each service; protocol -1: the record has none; port -1: unknown or not applicable. */
  readonly protocols: Int32Array;
  readonly ports: Int32Array;
  readonly tcpUnknownPort: number;
  readonly udpUnknownPort: number;
  readonly unknownProtocol: number;
}

/** Builds the classes from the port ranges of all rules. */
export function buildServices(tcpRanges: readonly PortRange[], udpRanges: readonly PortRange[]): Services {
  const protocols: number[] = [];
  const ports: number[] = [];
  const add = (protocol: number, port: number): number => {
    protocols.push(protocol);
    ports.push(port);
    return protocols.length - 1;
  };
  const table = (protocol: number, ranges: readonly PortRange[]): Uint16Array => {
    const cuts = new Set<number>([0]);
    for (const range of ranges) {
      cuts.add(range.from);
      cuts.add(range.to + 1);
    }
    const services = new Uint16Array(65_536);
    for (const from of [...cuts].sort((a, b) => a - b)) {
      if (from < 65_536) services.fill(add(protocol, from), from);
    }
    return services;
  };
  const tcp = table(TCP, tcpRanges);
  const udp = table(UDP, udpRanges);
  const other = new Uint16Array(256);
  for (let protocol = 0; protocol < 256; protocol++) {
    if (protocol !== TCP && protocol !== UDP) other[protocol] = add(protocol, -1);
  }
  const tcpUnknownPort = add(TCP, -1);
  const udpUnknownPort = add(UDP, -1);
  const unknownProtocol = add(-1, -1);
  return {
    tcp,
    udp,
    other,
    protocols: Int32Array.from(protocols),
    ports: Int32Array.from(ports),
    tcpUnknownPort,
    udpUnknownPort,
    unknownProtocol,
  };
}

/** Service of a protocol and destination port; -1 for one that the record lacks. */
export function serviceOf(services: Services, protocol: number, port: number): number {
  if (protocol === TCP) return port < 0 ? services.tcpUnknownPort : services.tcp[port];
  if (protocol === UDP) return port < 0 ? services.udpUnknownPort : services.udp[port];
  return protocol < 0 ? services.unknownProtocol : services.other[protocol];
}
