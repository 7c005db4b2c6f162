/**
 * What random models and random records are both made of. It is small, so that they meet: nearly every address, port and
 * time of a record is one that some rule, interface or change is about.
 */

/** Where each interface would stand, and every address that it may have. */
export const INTERFACES = [
  { id: "eni-0", subnet: "subnet-a", host: 10 },
  { id: "eni-1", subnet: "subnet-a", host: 20 },
  { id: "eni-2", subnet: "subnet-b", host: 30 },
  { id: "eni-3", subnet: "subnet-c", host: 40 },
  { id: "eni-4", subnet: "subnet-a", host: 50 },
  { id: "eni-5", subnet: "subnet-b", host: 60 },
] as const;

/** Interfaces that no model has. */
export const UNKNOWN_INTERFACES = [
  { id: "eni-8", subnet: "subnet-a", host: 70 },
  { id: "eni-9", subnet: "subnet-b", host: 70 },
] as const;

export const SUBNETS = {
  "subnet-a": { vpc: "vpc-1", four: "10.0.0", six: "2001:db8:1:0" },
  "subnet-b": { vpc: "vpc-1", four: "10.0.1", six: "2001:db8:1:1" },
  "subnet-c": { vpc: "vpc-2", four: "10.1.0", six: "2001:db8:2:0" },
} as const;

export type Place = (typeof INTERFACES | typeof UNKNOWN_INTERFACES)[number];

export const primaryOf = ({ subnet, host }: Place): string => `${SUBNETS[subnet].four}.${host}`;
export const secondaryOf = ({ subnet, host }: Place): string => `${SUBNETS[subnet].four}.${host + 1}`;
export const sixOf = ({ subnet, host }: Place): string => `${SUBNETS[subnet].six}::${host}`;
/** A block of sixteen, and of ::/80, that may be delegated to it. */
export const prefixFourOf = ({ subnet, host }: Place): string => `${SUBNETS[subnet].four}.${128 + 16 * (host / 10)}/28`;
export const prefixSixOf = ({ subnet, host }: Place): string => `${SUBNETS[subnet].six}:${host}::/80`;

/** Addresses of an interface as records show them: primary, secondary, in the delegated blocks. */
export const ownFour = (place: Place): string[] => [
  primaryOf(place),
  secondaryOf(place),
  prefixFourOf(place).replace(/\d+\/28$/, (text) => String(Number.parseInt(text, 10) + 3)),
];
export const ownSix = (place: Place): string[] => [sixOf(place), prefixSixOf(place).replace("::/80", "::7")];

export const FAR_FOUR = [
  ...INTERFACES.flatMap(ownFour),
  ...UNKNOWN_INTERFACES.map(primaryOf),
  "10.0.0.99", // in subnet-a, of nobody
  "10.0.0.1", // router of subnet-a
  "10.0.0.2", // Amazon DNS of vpc-1
  "10.1.0.2",
  "10.9.0.7", // behind the transit gateway
  "10.9.1.7",
  "169.254.169.254",
  "169.254.169.253",
  "169.254.169.123",
  "169.254.170.2",
  "169.254.169.250",
  "169.254.169.251",
  "192.0.2.7",
  "192.0.2.130",
  "203.0.113.9",
];
export const FAR_SIX = [
  ...INTERFACES.flatMap(ownSix),
  ...UNKNOWN_INTERFACES.map(sixOf),
  "2001:db8:9::7",
  "fd00:ec2::253",
  "fd00:ec2::254",
  "fd00:ec2::123",
  "2001:db8:ffff::1",
];

/** Peers of group rules and blocks of network ACL entries; they overlap. */
export const BLOCKS_FOUR = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.0.0.0/24",
  "10.0.1.0/24",
  "10.1.0.0/16",
  "10.0.0.10/31",
  "10.0.0.50/32",
  "10.9.0.0/16",
  "10.9.1.0/24",
  "192.0.2.0/24",
  "192.0.2.0/25",
  "203.0.113.9/32",
];
export const BLOCKS_SIX = ["::/0", "2001:db8::/32", "2001:db8:1::/64", "2001:db8:1:1::/64", "2001:db8:9::/48"];

export const GROUPS = ["sg-a", "sg-b", "sg-c", "sg-d", "sg-e"] as const;
/** Named by rules and interfaces, described nowhere. */
export const MISSING_GROUPS = ["sg-far", "sg-gone"] as const;
export const PREFIX_LISTS = ["pl-full", "pl-empty", "pl-bare", "pl-missing"] as const;

/** Of servers, of clients, and some that are neither; 8443 and 30000 are named by some rules only. */
export const PORTS = [22, 53, 80, 443, 8080, 8443, 30_000, 40_001, 40_002, 50_000, 61_000];

/** Times of the three configurations a history may have, and those around which records lie. Unix seconds. */
export const SINCE = [1_700_000_000, 1_700_001_000, 1_700_002_000];
export const FIRST_START = 1_700_000_500;
