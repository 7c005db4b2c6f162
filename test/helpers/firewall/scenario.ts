import type { Documents } from "./documents.ts";
import type { Epoch } from "./network.ts";

/** A server and those who use it, as the traffic director plays them. */
export interface Service {
  readonly server: string;
  readonly port: number;
  readonly protocol: 6 | 17;
  readonly clients: readonly string[];
  /** Names of TCP_KINDS or UDP_KINDS; named twice, twice as often. */
  readonly kinds: readonly string[];
  readonly connections: number;
  /** False: refuses (there is nobody); such traffic is what rules or NACLs stop, or what nobody answers. */
  readonly listens?: boolean;
}

/** A network, its configurations over time and what goes on in it. */
export interface Scenario {
  readonly name: string;
  readonly epochs: readonly Epoch[];
  readonly services: readonly Service[];
  /** Addresses on the internet that scan; and all addresses outside that anything may talk to. */
  readonly scanners: readonly string[];
  readonly internet: readonly string[];
  /** Interface address through which an address reaches the internet; null: directly. */
  readonly natGateway?: (address: string) => string | null;
}

/** 2025-03-04T09:00:00Z, Unix seconds. */
export const START = 1_741_078_800;
export const SECONDS = 900;

/** Addresses of all interfaces that have groups. */
export function inside({ NetworkInterfaces }: Documents): string[] {
  return NetworkInterfaces.filter(({ Groups }) => Groups.length > 0).flatMap((nic) => [
    ...nic.PrivateIpAddresses.map((one) => one.PrivateIpAddress),
    ...nic.Ipv6Addresses.map((one) => one.Ipv6Address),
  ]);
}
