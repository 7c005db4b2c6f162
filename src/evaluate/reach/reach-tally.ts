import type { Direction } from "../../policy/model.ts";
import type { Passing } from "./layers.ts";
import { intersectServices, type ServiceSet, serviceTexts, subtractServices } from "./services.ts";

/** Which way a connection would begin, seen from the subject: `in` to it, `out` of it. */
export type Way = "in" | "out";

export const WAY_OF: Readonly<Record<Direction, Way>> = { ingress: "in", egress: "out" };

/** Services that pass by the model and that no connection used, for all pairs of which the same is true. */
export interface UnusedReach {
  readonly way: Way;
  /** What the model lets pass, and what of it was used. */
  readonly services: readonly string[];
  readonly used: readonly string[];
  /** False where it passes only if what the model cannot tell turns out so (references, unknown groups and ACLs). */
  readonly certain: boolean;
  /** Ids of the interfaces on the other side, or the blocks. */
  readonly peers: readonly string[];
  /** Interfaces of the subject. */
  readonly interfaces: readonly string[];
  /** Group rules, of either end, that would admit it. */
  readonly rules: readonly string[];
}

interface Row {
  readonly row: UnusedReach;
  readonly peers: Set<string>;
  readonly interfaces: Set<string>;
  readonly rules: Set<string>;
}

/** Collects what pairs of interface and peer never used; equal answers become one row. */
export class ReachTally {
  private readonly rows = new Map<string, Row>();
  private readonly texts = new WeakMap<ServiceSet, string[]>();

  add(way: Way, passing: Passing, used: ServiceSet, peer: string, interfaceId: string | null): void {
    const { certain, possible } = passing;
    this.addSet(way, passing, certain, used, true, peer, interfaceId);
    if (possible !== certain) {
      this.addSet(way, passing, subtractServices(possible, certain), used, false, peer, interfaceId);
    }
  }

  private addSet(
    way: Way,
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

  /** Into the subject first; what was never used at all before what was used in part; most peers first. */
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
