import type { Policy } from "./policy.ts";
import type { Eni, Topology } from "./topology.ts";
import type { End, Flow } from "./traffic.ts";

/** What a replay of the generated objects must find. */
export interface Truth {
  readonly records: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly nodata: number;
  readonly objects: number;
  /** Of all objects, before compression. */
  readonly uncompressedBytes: number;
  readonly connections: number;
  /** Rejected probes from the internet; the other REJECT records are lateral. */
  readonly probes: number;
  /** Connections that each security group rule admits, per interface: one between two interfaces counts at both. */
  readonly ruleConnections: Readonly<Record<string, number>>;
  /** Rules without any. */
  readonly neverHit: readonly string[];
  /** Records that each entry decides: `acl-…/ingress/100`, `acl-…/ingress/*`. Traffic inside a subnet meets none. */
  readonly naclRecords: Readonly<Record<string, number>>;
}

/** Counts while records are written. */
export interface Tally {
  readonly records: number;
  opened(flow: Flow): void;
  record(eni: Eni, peer: End, egress: boolean, dstPort: number, accepted: boolean): void;
  noData(): void;
  finish(objects: number, uncompressedBytes: number): Truth;
}

/** Deciding entries, as written in describe.ts: of the public subnets, of the private ones. */
const PUBLIC = ["egress/100", "egress/101", "ingress/90", "ingress/100", "ingress/101", "ingress/110", "ingress/120"];
PUBLIC.push("ingress/130", "ingress/131", "ingress/*");
const PRIVATE = ["egress/100", "ingress/100", "ingress/110"];

function publicEntry(peer: End, egress: boolean, dstPort: number): number {
  const six = peer.address < 0;
  if (egress) return six ? 1 : 0;
  if (peer.eni) return 6;
  if (six) return dstPort === 443 ? 4 : 8;
  if (peer.address >>> 16 === 0xb9dc) return 2;
  if (dstPort === 443) return 3;
  if (dstPort === 8443) return 5;
  return dstPort >= 1024 ? 7 : 9;
}

export function createTally(topology: Topology, policy: Policy): Tally {
  let accepted = 0;
  let rejected = 0;
  let nodata = 0;
  let connections = 0;
  let probes = 0;
  const rules = new Map<string, number>();
  const publicRecords = PUBLIC.map(() => 0);
  const privateRecords = PRIVATE.map(() => 0);
  return {
    get records() {
      return accepted + rejected + nodata;
    },
    opened(flow) {
      if (flow.kind === "probe") probes++;
      else connections++;
      for (const rule of flow.rules) rules.set(rule, (rules.get(rule) ?? 0) + 1);
    },
    record(eni, peer, egress, dstPort, isAccepted) {
      if (isAccepted) accepted++;
      else rejected++;
      if (peer.eni?.subnet === eni.subnet) return;
      if (topology.subnets[eni.subnet].public) publicRecords[publicEntry(peer, egress, dstPort)]++;
      else privateRecords[egress ? 0 : peer.eni ? 1 : 2]++;
    },
    noData() {
      nodata++;
    },
    finish(objects, uncompressedBytes) {
      const all = policy.groups.flatMap((group) => group.rules.map((rule) => rule.id));
      const entries = [
        ...PUBLIC.map((entry, index) => [`${policy.publicAcl}/${entry}`, publicRecords[index]] as const),
        ...PRIVATE.map((entry, index) => [`${policy.privateAcl}/${entry}`, privateRecords[index]] as const),
      ];
      return {
        records: accepted + rejected + nodata,
        accepted,
        rejected,
        nodata,
        objects,
        uncompressedBytes,
        connections,
        probes,
        ruleConnections: Object.fromEntries(all.map((id) => [id, rules.get(id) ?? 0])),
        neverHit: all.filter((id) => !rules.has(id)),
        naclRecords: Object.fromEntries(entries),
      };
    },
  };
}
