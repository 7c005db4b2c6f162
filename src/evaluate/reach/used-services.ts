import { type Span } from "../../policy/lint/regions.ts";
import { serviceBox } from "../../policy/lint/rule-regions.ts";
import type { Direction } from "../../policy/model.ts";
import { hasPorts } from "../../net/protocols.ts";
import { serviceSet, type ServiceSet, uniteServices } from "./services.ts";

/** One service that accepted connections used: between an interface and a peer, opened in a direction. */
export interface Use {
  readonly interfaceId: string;
  readonly direction: Direction;
  /** Text of the address. */
  readonly peer: string;
  readonly protocol: number;
  readonly port: number;
}

/** Accepted connections, to be asked for by interface, direction and peer. */
export interface UsedServices {
  between(interfaceId: string, direction: Direction, peer: string): readonly Service[];
  /** Every peer with which the interface had connections in the direction. */
  peers(interfaceId: string, direction: Direction): ReadonlyMap<string, readonly Service[]>;
}

export interface Service {
  readonly protocol: number;
  readonly port: number;
}

const NONE: ReadonlyMap<string, readonly Service[]> = new Map();

export function usedServices(uses: Iterable<Use>): UsedServices {
  const known = new Map<string, Map<string, Service[]>>();
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

/** The services as a set. Of ICMP and of protocols without ports one connection uses all: records tell no more. */
export function setOfServices(services: readonly Service[]): ServiceSet {
  const known = new Set<number>();
  let set: ServiceSet = [];
  for (const { protocol, port } of services) {
    const key = hasPorts(protocol) ? protocol * 65_536 + port : protocol * 65_536;
    if (known.has(key)) continue;
    known.add(key);
    const ports = hasPorts(protocol) ? { from: port, to: port } : null;
    const box: { protocols: Span; details: Span } = serviceBox({ protocol, ports, icmp: null });
    set = uniteServices(set, serviceSet(box));
  }
  return set;
}
