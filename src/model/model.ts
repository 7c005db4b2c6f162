import type { Address, Prefix } from "../net/address.ts";

/** The configuration over time: snapshots in ascending order of `since`. */
export interface Model {
  readonly snapshots: readonly Snapshot[];
  /** What was set aside or read differently, one line each (unknown JSON, CIDR with host bits, ...). */
  readonly notes: readonly string[];
}

/** The configuration at one time. Ids are those of AWS (`eni-…`, `sg-…`, `acl-…`). */
export interface Snapshot {
  /** Folder name of the snapshot in a history, else the path the model was read from. */
  readonly name: string;
  /** Unix seconds from which it is in force; null for a model without a time (in force always). */
  readonly since: number | null;
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  readonly networkAcls: ReadonlyMap<string, NetworkAcl>;
  readonly prefixLists: ReadonlyMap<string, PrefixList>;
  readonly routeTables: ReadonlyMap<string, RouteTable>;
}

/** The parts of a snapshot that are maps by id. */
export const SNAPSHOT_PARTS = [
  "interfaces",
  "subnets",
  "vpcs",
  "securityGroups",
  "networkAcls",
  "prefixLists",
  "routeTables",
] as const satisfies readonly (keyof Snapshot)[];

export function byId<T extends { readonly id: string }>(things: readonly T[]): Map<string, T> {
  return new Map(things.map((thing) => [thing.id, thing]));
}

/** The location in the JSON that something was read from, for messages and for findings that point at a line. */
export interface Origin {
  readonly file: string;
  /** JSON pointer (RFC 6901), e.g. `/SecurityGroups/3/IpPermissions/0`. */
  readonly pointer: string;
}

export interface NetworkInterface {
  readonly id: string;
  readonly vpcId: string | null;
  readonly subnetId: string | null;
  readonly ownerId: string | null;
  /** The `InterfaceType` of AWS (`interface`, `natGateway`, `network_load_balancer`, `transit_gateway`, …). */
  readonly type: string;
  readonly description: string;
  readonly instanceId: string | null;
  /** Unix seconds; null if the configuration does not say. */
  readonly attachedAt: number | null;
  readonly groupIds: readonly string[];
  /** Primary private IPv4 first, then secondary ones, then IPv6. */
  readonly addresses: readonly Address[];
  /** Delegated prefixes, IPv4 and IPv6. */
  readonly prefixes: readonly Prefix[];
  readonly publicAddresses: readonly Address[];
  readonly tags: Readonly<Record<string, string>>;
  /** `ConnectionTrackingConfiguration`, seconds; null where the AWS default holds. */
  readonly tracking: {
    readonly tcpEstablished: number | null;
    readonly udpStream: number | null;
    readonly udpSingle: number | null;
  };
  readonly requesterManaged: boolean;
  readonly origin: Origin;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string | null;
  readonly prefixes: readonly Prefix[];
  readonly name: string;
  readonly origin: Origin;
}

export interface Vpc {
  readonly id: string;
  readonly prefixes: readonly Prefix[];
  readonly isDefault: boolean;
  readonly name: string;
  readonly origin: Origin;
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly vpcId: string | null;
  readonly ownerId: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** One entry per rule of AWS: a permission with three ranges is three rules. */
  readonly rules: readonly SecurityGroupRule[];
  readonly origin: Origin;
}

export type Direction = "ingress" | "egress";

export interface SecurityGroupRule {
  /** `sgr-…` where the model has it, else `sg-…/ingress/tcp/443/0.0.0.0/0`. */
  readonly id: string;
  readonly groupId: string;
  readonly direction: Direction;
  /** IANA number, -1 for all. */
  readonly protocol: number;
  /** Inclusive destination port range for TCP and UDP; null when all ports match (other protocols included). */
  readonly ports: PortRange | null;
  /** ICMP and ICMPv6: type and code, -1 for all; null for other protocols and when everything matches. */
  readonly icmp: IcmpMatch | null;
  readonly peer: Peer;
  readonly description: string;
  readonly origin: Origin;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export interface IcmpMatch {
  readonly type: number;
  readonly code: number;
}

export type Peer =
  | { readonly kind: "cidr"; readonly prefix: Prefix }
  | { readonly kind: "prefix-list"; readonly id: string }
  | {
      readonly kind: "group";
      readonly id: string;
      /** Account that owns the referenced group; null where AWS omits it (deleted group). */
      readonly userId: string | null;
      readonly peeringId: string | null;
      /** `active`, or why the reference matches nothing (`deleted`, …); null inside one VPC. */
      readonly peeringStatus: string | null;
    };

export interface NetworkAcl {
  readonly id: string;
  readonly vpcId: string | null;
  readonly isDefault: boolean;
  readonly name: string;
  readonly subnetIds: readonly string[];
  /** Ascending by number within a direction, the default denies (32767, 32768) included or added. */
  readonly entries: readonly NetworkAclEntry[];
  readonly origin: Origin;
}

export interface NetworkAclEntry {
  /** `acl-…/ingress/100`; the default denies `acl-…/ingress/*` (both families share that id). */
  readonly id: string;
  readonly aclId: string;
  readonly direction: Direction;
  readonly number: number;
  readonly action: "allow" | "deny";
  readonly protocol: number;
  readonly ports: PortRange | null;
  readonly icmp: IcmpMatch | null;
  readonly prefix: Prefix;
  readonly origin: Origin;
}

export interface PrefixList {
  readonly id: string;
  readonly name: string;
  /** null when the model lacks the entries: rules that use the list are undecidable. */
  readonly entries: readonly Prefix[] | null;
  readonly origin: Origin;
}

export interface RouteTable {
  readonly id: string;
  readonly vpcId: string | null;
  readonly main: boolean;
  readonly subnetIds: readonly string[];
  readonly routes: readonly { readonly destination: string; readonly target: string; readonly state: string }[];
  readonly origin: Origin;
}
