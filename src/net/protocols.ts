/** Every protocol, as EC2 writes it. */
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

/** Protocol number of a name (`tcp`, `all`), a number or a number's text (`6`, `-1`); null when it is none. */
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
