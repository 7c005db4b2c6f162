import type { Direction } from "../../model/model.ts";
import { hasPorts } from "../../net/protocols.ts";
import { serviceBox } from "../boxes.ts";
import type { Passing } from "./layers.ts";
import {
  intersectServices,
  type ServiceSet,
  serviceSet,
  serviceTexts,
  subtractServices,
  uniteServices,
} from "./services.ts";

/** Services that the model lets pass and that no connection used, for all pairs of which the same is true. */
export interface UnusedReach {
  /** Which way a connection would begin, seen from the subject. */
  readonly way: "in" | "out";
  /** What the model lets pass, and what of it was used. */
  readonly services: readonly string[];
  readonly used: readonly string[];
  /** False where it may pass, but the model cannot tell (references, unknown groups and network ACLs). */
  readonly certain: boolean;
  /** Ids of the interfaces on the other side, or the blocks. */
  readonly peers: readonly string[];
  /** Interfaces of the subject. */
  readonly interfaces: readonly string[];
  /** Group rules, of either end, that would admit it. */
  readonly rules: readonly string[];
}

export const WAY_OF = { ingress: "in", egress: "out" } as const satisfies Record<Direction, UnusedReach["way"]>;

interface ReachRow {
  readonly row: UnusedReach;
  readonly peers: Set<string>;
  readonly interfaces: Set<string>;
  readonly rules: Set<string>;
}

/** Collects what pairs of interface and peer never used. Equal answers become one row. */
export class ReachTally {
  private readonly rows = new Map<string, ReachRow>();
  private readonly texts = new WeakMap<ServiceSet, string[]>();

  add(way: UnusedReach["way"], passing: Passing, used: ServiceSet, peer: string, interfaceId: string | null): void {
    const { certain, possible } = passing;
    this.addSet(way, passing, certain, used, true, peer, interfaceId);
    if (possible !== certain) {
      this.addSet(way, passing, subtractServices(possible, certain), used, false, peer, interfaceId);
    }
  }

  private addSet(
    way: UnusedReach["way"],
    { rules }: Passing,
    services: ServiceSet,
    used: ServiceSet,
    certain: boolean,
    peer: string,
    interfaceId: string | null,
  ): void {
    const rest = services.length === 0 ? services : subtractServices(services, used);
    if (rest.length === 0) return;
    const usedTexts = used.length === 0 ? [] : serviceTexts(intersectServices(services, used));
    const texts = this.textsOf(services);
    const key = `${way} ${certain} ${texts.join()} ${usedTexts.join()}`;
    let known = this.rows.get(key);
    if (known === undefined) {
      const sets = { peers: new Set<string>(), interfaces: new Set<string>(), rules: new Set<string>() };
      const row = { way, services: texts, used: usedTexts, certain, peers: [], interfaces: [], rules: [] };
      this.rows.set(key, (known = { row, ...sets }));
    }
    known.peers.add(peer);
    if (interfaceId !== null) known.interfaces.add(interfaceId);
    for (const { rule, services: allowed } of rules) {
      if (!known.rules.has(rule.id) && intersectServices(allowed, rest).length > 0) known.rules.add(rule.id);
    }
  }

  private textsOf(services: ServiceSet): string[] {
    let texts = this.texts.get(services);
    if (texts === undefined) this.texts.set(services, (texts = serviceTexts(services)));
    return texts;
  }

  /** What passes for certain first, then what leads into the subject, what was never used at all, and most peers. */
  finish(): UnusedReach[] {
    return [...this.rows.values()]
      .map(({ row, peers, interfaces, rules }) => ({
        ...row,
        peers: [...peers].sort(),
        interfaces: [...interfaces].sort(),
        rules: [...rules].sort(),
      }))
      .sort(
        (a, b) =>
          Number(b.certain) - Number(a.certain) ||
          (a.way === b.way ? 0 : a.way === "in" ? -1 : 1) ||
          Number(a.used.length > 0) - Number(b.used.length > 0) ||
          b.peers.length - a.peers.length ||
          compare(a.services.join(), b.services.join()) ||
          compare(a.used.join(), b.used.join()),
      );
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A service that accepted connections between an interface and a peer used. The direction is that of their opening. */
export interface UsedService {
  readonly interfaceId: string;
  readonly direction: Direction;
  /** Text of the address. */
  readonly peer: string;
  readonly protocol: number;
  readonly port: number;
}

/** Services of accepted connections by interface, direction and peer. */
export interface UsedServices {
  between(interfaceId: string, direction: Direction, peer: string): readonly PortOfProtocol[];
  /** Every peer with which the interface had connections in the direction. */
  peers(interfaceId: string, direction: Direction): ReadonlyMap<string, readonly PortOfProtocol[]>;
}

export interface PortOfProtocol {
  readonly protocol: number;
  readonly port: number;
}

const NONE: ReadonlyMap<string, readonly PortOfProtocol[]> = new Map();

export function usedServices(uses: Iterable<UsedService>): UsedServices {
  const known = new Map<string, Map<string, PortOfProtocol[]>>();
  for (const { interfaceId, direction, peer, protocol, port } of uses) {
    const key = `${direction} ${interfaceId}`;
    let peers = known.get(key);
    if (peers === undefined) known.set(key, (peers = new Map()));
    const services = peers.get(peer);
    if (services) services.push({ protocol, port });
    else peers.set(peer, [{ protocol, port }]);
  }
  const peers: UsedServices["peers"] = (interfaceId, direction) => known.get(`${direction} ${interfaceId}`) ?? NONE;
  return { peers, between: (interfaceId, direction, peer) => peers(interfaceId, direction).get(peer) ?? [] };
}

/** The services as a set. One connection of ICMP or of a protocol without ports uses all: records tell no more. */
export function setOfServices(services: readonly PortOfProtocol[]): ServiceSet {
  const known = new Set<number>();
  let set: ServiceSet = [];
  for (const { protocol, port } of services) {
    const key = hasPorts(protocol) ? protocol * 65_536 + port : protocol * 65_536;
    if (known.has(key)) continue;
    known.add(key);
    const ports = hasPorts(protocol) ? { from: port, to: port } : null;
    set = uniteServices(set, serviceSet(serviceBox({ protocol, ports, icmp: null })));
  }
  return set;
}
