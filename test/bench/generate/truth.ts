import { BLOCKED_NETWORK, type Policy } from "./policy.ts";
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
PUBLIC.push("ingress/121", "ingress/130", "ingress/131", "ingress/*");
const PRIVATE = ["egress/100", "egress/101", "ingress/100", "ingress/101", "ingress/110", "ingress/111"];

function publicEntry(peer: End, egress: boolean, dstPort: number): string {
  const six = peer.address6 !== null;
  if (egress) return six ? "egress/101" : "egress/100";
  if (peer.eni) return six ? "ingress/121" : "ingress/120";
  if (!six && peer.address >>> 16 === BLOCKED_NETWORK) return "ingress/90";
  if (dstPort === 443) return six ? "ingress/101" : "ingress/100";
  if (dstPort === 8443 && !six) return "ingress/110";
  if (dstPort < 1024) return "ingress/*";
  return six ? "ingress/131" : "ingress/130";
}

function privateEntry(peer: End, egress: boolean): string {
  const six = peer.address6 !== null;
  if (egress) return six ? "egress/101" : "egress/100";
  if (peer.eni) return six ? "ingress/101" : "ingress/100";
  return six ? "ingress/111" : "ingress/110";
}

export function createTally(topology: Topology, policy: Policy): Tally {
  let accepted = 0;
  let rejected = 0;
  let nodata = 0;
  let connections = 0;
  let probes = 0;
  const rules = new Map<string, number>();
  const publicRecords = new Map(PUBLIC.map((entry) => [entry, 0]));
  const privateRecords = new Map(PRIVATE.map((entry) => [entry, 0]));
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
      const isPublic = topology.subnets[eni.subnet].public;
      const counts = isPublic ? publicRecords : privateRecords;
      const entry = isPublic ? publicEntry(peer, egress, dstPort) : privateEntry(peer, egress);
      counts.set(entry, counts.get(entry)! + 1);
    },
    noData() {
      nodata++;
    },
    finish(objects, uncompressedBytes) {
      const all = policy.groups.flatMap((group) => group.rules.map((rule) => rule.id));
      const entries = [
        ...Array.from(publicRecords, ([entry, count]) => [`${policy.publicAcl}/${entry}`, count] as const),
        ...Array.from(privateRecords, ([entry, count]) => [`${policy.privateAcl}/${entry}`, count] as const),
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
