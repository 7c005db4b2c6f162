/** All protocols, as EC2 writes it. */
export const ALL_PROTOCOLS = -1;
export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;

/** Names by IANA number (keywords of the IANA registry in lower case; `icmpv6` as EC2 spells it). */
const NAMES: ReadonlyMap<number, string> = new Map([
  [ALL_PROTOCOLS, "all"],
  [0, "hopopt"],
  [ICMP, "icmp"],
  [2, "igmp"],
  [4, "ipv4"],
  [TCP, "tcp"],
  [8, "egp"],
  [UDP, "udp"],
  [33, "dccp"],
  [41, "ipv6"],
  [43, "ipv6-route"],
  [44, "ipv6-frag"],
  [46, "rsvp"],
  [47, "gre"],
  [50, "esp"],
  [51, "ah"],
  [ICMPV6, "icmpv6"],
  [59, "ipv6-nonxt"],
  [60, "ipv6-opts"],
  [88, "eigrp"],
  [89, "ospf"],
  [94, "ipip"],
  [103, "pim"],
  [108, "ipcomp"],
  [112, "vrrp"],
  [115, "l2tp"],
  [132, "sctp"],
  [136, "udplite"],
  [137, "mpls-in-ip"],
]);

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...[...NAMES].map(([number, name]): [string, number] => [name, number]),
  ["any", ALL_PROTOCOLS],
  ["ipv6-icmp", ICMPV6],
  ["ospfigp", 89],
]);

/** Protocol number of a name (`tcp`, `all`), a number, or its text (`6`, `-1`); null for anything else. */
export function parseProtocol(value: string | number): number | null {
  const text = String(value).trim().toLowerCase();
  const named = NUMBERS.get(text);
  if (named !== undefined) return named;
  if (!/^(?:-1|\d{1,3})$/.test(text)) return null;
  const number = Number(text);
  return number <= 255 ? number : null;
}

/** Name of a protocol number for display and for rule ids: `tcp`, `all`, else the number itself. */
export function protocolName(number: number): string {
  return NAMES.get(number) ?? String(number);
}

/** True for the protocols whose rules name destination ports. */
export function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP;
}

/** True for the protocols whose rules name a type and a code. */
export function isIcmp(protocol: number): boolean {
  return protocol === ICMP || protocol === ICMPV6;
}

export const MAX_PORT = 65535;

/** An inclusive port range for display and for rule ids: `443`, `8000-8010`, `all`. */
export function formatPorts(ports: { readonly from: number; readonly to: number } | null): string {
  if (!ports) return "all";
  return ports.from === ports.to ? String(ports.from) : `${ports.from}-${ports.to}`;
}

/** An ICMP type and code (-1: any) for display and for rule ids: `8-0`, `3` (any code), `all`. */
export function formatIcmp(icmp: { readonly type: number; readonly code: number } | null): string {
  if (!icmp || icmp.type < 0) return "all";
  return icmp.code < 0 ? String(icmp.type) : `${icmp.type}-${icmp.code}`;
}

/** Ports of servers above the well-known ones, as registered with IANA or used by common software. */
const REGISTERED = new Set([
  1080, 1433, 1434, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3000, 3128, 3268, 3269, 3306, 3389,
  3478, 4317, 4318, 4500, 4789, 5000, 5044, 5060, 5061, 5140, 5201, 5222, 5353, 5432, 5439, 5601, 5671, 5672, 5701,
  5900, 5984, 5985, 5986, 6379, 6380, 6443, 6514, 7000, 7001, 7077, 7199, 7473, 7474, 7687, 8000, 8008, 8080, 8081,
  8086, 8088, 8089, 8090, 8125, 8126, 8140, 8161, 8200, 8300, 8301, 8302, 8443, 8500, 8600, 8888, 9000, 9001, 9042,
  9090, 9091, 9092, 9093, 9094, 9096, 9100, 9104, 9121, 9142, 9160, 9187, 9200, 9300, 9411, 9418, 9443, 9600, 9999,
  10000, 10050, 10051, 10250, 10255, 10256, 10257, 10259, 11211, 12201, 14250, 15000, 15001, 15010, 15012, 15014, 15017,
  15021, 15090, 15672, 16379, 20048, 24007, 25565, 26257, 27017, 27018, 27019, 28015, 50000, 50051, 50070, 51820, 61613,
  61616,
]);

/**
 * How much a port looks like a server's: 3 well-known; 2 registered, or `named` by a rule; 1 below Linux's ephemeral range, or
 * registered inside it, where a client may use it too; else 0.
 */
export function portRank(port: number, named: boolean): number {
  if (port < 1024) return port === 0 ? 1 : 3;
  if (named) return 2;
  const registered = REGISTERED.has(port);
  if (port < 32_768) return registered ? 2 : 1;
  return registered ? 1 : 0;
}
