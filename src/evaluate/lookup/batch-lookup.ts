import {
  DIRECTION_SHIFT,
  FAMILY_SHIFT,
  type FlowBatch,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
  STATUS_SHIFT,
} from "../../decode/flow-batch.ts";
import { IPV4, IPV6 } from "../../net/address.ts";
import type { CompiledPolicy } from "../../policy/compile.ts";
import { ACL_UNKNOWN, DETAILED, IPV4_COMPLETE, NO_FILTER, NOT_IN_SNAPSHOT } from "../../policy/interfaces.ts";
import { classOf4, classOf6 } from "../../policy/peer-classes.ts";
import { serviceOf } from "../../policy/services.ts";
import { forEachChunk } from "../dense/loops.ts";
import {
  ADDRESS_ELSEWHERE,
  ADDRESS_MISSING,
  createInternParts,
  EGRESS,
  INGRESS,
  type LookupTable,
  NO_ACL,
  NOT_ASKED,
  OTHER_SNAPSHOT,
  PLACED,
  SAME_SUBNET,
  UNFILTERED,
  UNMODELLED,
} from "./policy-lookup.ts";
import { createPlacedLookup } from "./placed-lookup.ts";
import {
  ABSENT,
  contains,
  createSnapshotLookup,
  directionByBlocks,
  INTERFACE_WORDS,
  isRoutedToTransit,
  PRIMARY,
  PROFILE_SHIFT,
  type SnapshotLookup,
  SUBNET_BASE,
  SUBNET_MASK,
} from "./snapshot-lookup.ts";

/**
 * Seconds before and after a record in which a configuration change may concern it: `start` and `end` may be off by up to
 * 60 s (VPC User Guide, "Flow log records"), and a change takes a moment to take effect.
 */
const CHANGE_TOLERANCE = 60;

/** First half of the evaluator, which needs no memory of other records: what the policy says of each. */
export interface BatchLookup {
  /** Writes the number of each row's lookup to `out[0 .. batch.rows)`. */
  lookUp(batch: FlowBatch, out: Uint32Array): void;
}

/** Lookups get their numbers from `table`; `accounts` are the names behind the accounts of the batches, if they are known. */
export function createBatchLookup(
  policy: CompiledPolicy,
  table: LookupTable,
  accounts: readonly string[] = [],
): BatchLookup {
  const perSnapshot = policy.snapshots.map((snapshot) => createSnapshotLookup(snapshot, table));
  const modelled = policy.interfaceIds.length;
  const changes = policy.snapshots.map((snapshot) => snapshot.since);
  const intern = createInternParts(table);
  const unmodelled = table.internLookup(UNMODELLED);

  /** `flags`: OTHER_SNAPSHOT, PLACED or none; `told`: the direction, 0 to tell it by the addresses. */
  const lookUpIn = (batch: FlowBatch, row: number, at: number, eni: number, flags: number, told: number): number => {
    const { snapshot, recent, interfaceWords, classOf } = perSnapshot[at];
    const { interfaces, peers, services } = snapshot;
    const base = eni * INTERFACE_WORDS;
    const profileAndFlags = interfaceWords[base];
    const bits = batch.bits[row];
    const family = (bits >>> FAMILY_SHIFT) & 3;
    const packetFamily = (bits >>> PKT_FAMILY_SHIFT) & 3;
    let direction = told;
    if (family === 0 && packetFamily === 0) {
      return intern(at, flags | ADDRESS_MISSING, direction, NOT_ASKED, NOT_ASKED, NOT_ASKED, NOT_ASKED);
    }
    const onlyFour = family === IPV4 && packetFamily !== IPV6;
    const simple = onlyFour ? (profileAndFlags & IPV4_COMPLETE) !== 0 : (profileAndFlags & DETAILED) === 0;
    if (direction === 0) {
      const primary = interfaceWords[base + PRIMARY];
      const four = family === IPV4;
      if (four && batch.src[row] === primary && batch.dst[row] !== primary) direction = EGRESS;
      else if (four && batch.dst[row] === primary && batch.src[row] !== primary) direction = INGRESS;
      else if (!simple) direction = directionByBlocks(batch, row, family, interfaces.blocks, eni);
      if (direction === 0) {
        const why = family === 0 ? ADDRESS_MISSING : ADDRESS_ELSEWHERE;
        return intern(at, flags | why, 0, NOT_ASKED, NOT_ASKED, NOT_ASKED, NOT_ASKED);
      }
    }

    // The original packet's addresses if the record has them: an intermediate interface shows its own in the others.
    const usePacket = packetFamily !== 0;
    const peerFamily = usePacket ? packetFamily : family;
    const source = usePacket ? batch.pktSrc : batch.src;
    const destination = usePacket ? batch.pktDst : batch.dst;
    const peer = (direction === INGRESS ? source : destination)[row];
    const peerClass = peerFamily === IPV4 ? classOf(peer) : classOf6(peers, batch.addr6, peer);
    const protocol = bits & HAS_PROTOCOL ? batch.protocol[row] : -1;
    // A record without any port (a fragment has none) shows both as 0.
    const hasPorts = (bits & HAS_PORTS) !== 0 && (batch.srcPort[row] | batch.dstPort[row]) !== 0;
    const forward = serviceOf(services, protocol, hasPorts ? batch.dstPort[row] : -1);
    const backward = serviceOf(services, protocol, hasPorts ? batch.srcPort[row] : -1);
    let sameSubnet = false;
    let viaTransit = false;
    if (simple) {
      const mask = interfaceWords[base + SUBNET_MASK];
      sameSubnet = peerFamily === IPV4 && (peer & mask) >>> 0 === interfaceWords[base + SUBNET_BASE];
    } else {
      sameSubnet = contains(interfaces.subnets, interfaces.subnet[eni], batch, peerFamily, peer);
      const routes = interfaces.routes[interfaces.transit[eni]];
      viaTransit = !sameSubnet && isRoutedToTransit(routes, batch, peerFamily, peer);
    }
    // The answer depends on these numbers alone (and, behind a transit gateway, on the interface's own address).
    const route =
      ((profileAndFlags >>> PROFILE_SHIFT) << 4) |
      (direction << 2) |
      (sameSubnet ? 2 : 0) |
      (flags & OTHER_SNAPSHOT ? 1 : 0);
    const known = viaTransit ? -1 : recent.get(route, (forward << 16) ^ backward, peerClass);
    if (known >= 0) return known;
    const side = sameSubnet ? SAME_SUBNET : 0;
    const lookup = ask(
      batch,
      row,
      at,
      eni,
      flags | side,
      direction,
      peerFamily,
      peerClass,
      forward,
      backward,
      viaTransit,
    );
    if (!viaTransit) recent.set(route, (forward << 16) ^ backward, peerClass, lookup);
    return lookup;
  };

  /** Asks every layer. Done once for all records that no rule tells apart, so not part of the loop over records. */
  const ask = (
    batch: FlowBatch,
    row: number,
    at: number,
    eni: number,
    rowFlags: number,
    direction: number,
    peerFamily: number,
    peerClass: number,
    forward: number,
    backward: number,
    viaTransit: boolean,
  ): number => {
    const { snapshot, match } = perSnapshot[at];
    const { interfaces, peers } = snapshot;
    const ingress = direction === INGRESS;
    if (isMember(peers.members, peers.offsets[peerClass], peers.offsets[peerClass + 1], interfaces.unfiltered[eni])) {
      const flags = (rowFlags & ~SAME_SUBNET) | UNFILTERED;
      return intern(at, flags, direction, NOT_ASKED, NOT_ASKED, NOT_ASKED, NOT_ASKED);
    }

    let flags = rowFlags;
    let naclIn = NOT_ASKED;
    let naclOut = NOT_ASKED;
    if (viaTransit && ingress) flags |= SAME_SUBNET;
    if ((flags & SAME_SUBNET) === 0) {
      if (interfaces.flags[eni] & ACL_UNKNOWN) flags |= NO_ACL;
      else if (ingress) naclIn = match(interfaces.naclIngress[eni], forward, peerClass, peerFamily);
      else {
        naclOut = match(interfaces.naclEgress[eni], forward, peerClass, peerFamily);
        if (viaTransit) {
          // Instance and attachment share the subnet: the inbound entries see the packet too, with its source.
          const own = (((batch.bits[row] >>> PKT_FAMILY_SHIFT) & 3) !== 0 ? batch.pktSrc : batch.src)[row];
          const ownClass = peerFamily === IPV4 ? classOf4(peers, own) : classOf6(peers, batch.addr6, own);
          naclIn = match(interfaces.naclIngress[eni], forward, ownClass, peerFamily);
        }
      }
    }

    let sgIfLocal = NOT_ASKED;
    let sgIfRemote = NOT_ASKED;
    if (interfaces.sgIngress[eni] !== NO_FILTER) {
      // A rule's port is the destination port of the packet that opens the connection.
      sgIfLocal = match(interfaces.sgEgress[eni], ingress ? backward : forward, peerClass, peerFamily);
      sgIfRemote = match(interfaces.sgIngress[eni], ingress ? forward : backward, peerClass, peerFamily);
    }
    return intern(at, flags, direction, naclIn, naclOut, sgIfLocal, sgIfRemote);
  };

  const directionOf = (batch: FlowBatch, row: number): number => (batch.bits[row] >>> DIRECTION_SHIFT) & 3;
  const lookUpPlaced = createPlacedLookup(policy, table, accounts, (batch, row, at, stand, direction) =>
    lookUpIn(batch, row, at, stand, PLACED, direction),
  );
  const everySnapshot = perSnapshot.map((_, at) => at);

  /** Asks the snapshots that may have decided a record, the one in force at its start first. */
  const lookUpOverTime = (batch: FlowBatch, row: number): number => {
    const eni = batch.interfaceId[row];
    const timed = (batch.bits[row] & HAS_TIMES) !== 0;
    const first = timed ? inForce(changes, batch.start[row]) : changes.length - 1;
    const earliest = timed ? inForce(changes, batch.start[row] - CHANGE_TOLERANCE) : first;
    const latest = timed ? inForce(changes, batch.end[row] + CHANGE_TOLERANCE) : first;
    const { sgIngress } = perSnapshot[first].snapshot.interfaces;
    const told = directionOf(batch, row);
    if (earliest === first && latest === first && eni < modelled && sgIngress[eni] !== NOT_IN_SNAPSHOT)
      return lookUpIn(batch, row, first, eni, 0, told);
    const nearest = eni < modelled ? nearestSnapshot(perSnapshot, eni, first) : -1;
    if (nearest < 0) {
      const others = everySnapshot.slice(earliest, latest + 1).filter((at) => at !== first);
      return lookUpPlaced(batch, row, [first, ...others]);
    }
    const found: number[] = [];
    for (let step = earliest - 1; step <= latest; step++) {
      const at = step < earliest ? first : step;
      if (perSnapshot[at].snapshot.interfaces.sgIngress[eni] === NOT_IN_SNAPSHOT) continue;
      const lookup = lookUpIn(batch, row, at, eni, 0, told);
      if (!found.includes(lookup)) found.push(lookup);
    }
    if (found.length === 1) return found[0];
    if (found.length > 1) {
      // The interface may have changed its addresses: a configuration that does not know the record's decided nothing.
      const deciding = found.find((lookup) => table.lookups[lookup].local === "known") ?? found[0];
      const { direction, local } = table.lookups[deciding];
      const others = found.filter((lookup) => {
        const other = table.lookups[lookup];
        return lookup !== deciding && local === "known" && other.local === local && other.direction === direction;
      });
      return others.length === 0 ? deciding : table.internLookup({ ...table.lookups[deciding], others });
    }
    return lookUpIn(batch, row, nearest, eni, OTHER_SNAPSHOT, told);
  };

  const lookUpRows = (batch: FlowBatch, out: Uint32Array, from: number, to: number): void => {
    const single = perSnapshot.length === 1;
    const only = perSnapshot[0]?.interfaceWords;
    for (let row = from; row < to; row++) {
      const eni = batch.interfaceId[row];
      const bits = batch.bits[row];
      if (((bits >>> STATUS_SHIFT) & 3) !== 0) out[row] = unmodelled;
      else if (!single) {
        out[row] = perSnapshot.length === 0 ? lookUpPlaced(batch, row, everySnapshot) : lookUpOverTime(batch, row);
      } else if (eni >= modelled || only[eni * INTERFACE_WORDS] & ABSENT) {
        out[row] = lookUpPlaced(batch, row, everySnapshot);
      } else out[row] = lookUpIn(batch, row, 0, eni, 0, (bits >>> DIRECTION_SHIFT) & 3);
    }
  };

  return {
    lookUp: (batch, out) => forEachChunk(batch.rows, (from, to) => lookUpRows(batch, out, from, to)),
  };
}

function inForce(changes: readonly number[], time: number): number {
  let at = changes.length - 1;
  while (at > 0 && changes[at] > time) at--;
  return at;
}

/** The snapshot closest in order that knows the interface, that at `from` itself first; the earlier of two equally close. */
function nearestSnapshot(perSnapshot: readonly SnapshotLookup[], eni: number, from: number): number {
  for (let distance = 0; distance < perSnapshot.length; distance++) {
    for (const at of [from - distance, from + distance]) {
      if (perSnapshot[at] && perSnapshot[at].snapshot.interfaces.sgIngress[eni] !== NOT_IN_SNAPSHOT) return at;
    }
  }
  return -1;
}

function isMember(members: Uint32Array, from: number, to: number, wanted: number): boolean {
  for (let at = from; at < to; at++) if (members[at] === wanted) return true;
  return false;
}
