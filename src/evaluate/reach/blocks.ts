import { type Address, type Family, IPV4, type Prefix } from "../../net/address.ts";
import { bitsOf, parsePrefix } from "../../net/parse.ts";
import type { Direction, NetworkInterface, Snapshot } from "../../policy/model.ts";
import type { Layers } from "./layers.ts";

/**
 * Addresses of the block that stand for all of it: the first of every stretch in which no rule, entry or subnet of the
 * interface begins or ends. What is true of some address of the block is true of one of these.
 */
export function standingFor(
  block: Prefix,
  layers: Layers,
  one: NetworkInterface,
  direction: Direction,
): readonly Address[] {
  if (block.length === bitsOf(block.family)) return [block];
  const { snapshot } = layers;
  const cuts: Prefix[] = [];
  for (const { rule } of layers.groupRules(one, direction)) {
    if (rule.peer.kind === "cidr") cuts.push(rule.peer.prefix);
    if (rule.peer.kind === "prefix-list") cuts.push(...(snapshot.prefixLists.get(rule.peer.id)?.entries ?? []));
  }
  // Through a transit gateway that shares the subnet the inbound entries see outbound packets, too, but their own address.
  for (const entry of layers.aclOf(one)?.entries ?? []) if (entry.direction === direction) cuts.push(entry.prefix);
  cuts.push(...(snapshot.vpcs.get(one.vpcId ?? "")?.prefixes ?? []));
  cuts.push(...(snapshot.subnets.get(one.subnetId ?? "")?.prefixes ?? []));
  for (const table of snapshot.routeTables.values()) {
    if (table.vpcId === one.vpcId)
      cuts.push(...table.routes.flatMap(({ destination }) => blocksOf(snapshot, destination)));
  }
  const [low, high] = bounds(block);
  const starts = new Set<bigint>([low]);
  for (const cut of cuts) {
    if (cut.family !== block.family) continue;
    const [from, to] = bounds(cut);
    if (from > low && from <= high) starts.add(from);
    if (to + 1n > low && to < high) starts.add(to + 1n);
  }
  return [...starts].map((start) => toAddress(start, block.family));
}

/** The blocks of a route's destination, which may be a prefix list. */
function blocksOf(snapshot: Snapshot, destination: string): readonly Prefix[] {
  if (destination.startsWith("pl-")) return snapshot.prefixLists.get(destination)?.entries ?? [];
  const parsed = parsePrefix(destination);
  return parsed ? [parsed.prefix] : [];
}

function bounds({ words, family, length }: Prefix): [bigint, bigint] {
  const low = words.reduce((value, word) => (value << 32n) | BigInt(word >>> 0), 0n);
  return [low, low + (1n << BigInt(bitsOf(family) - length)) - 1n];
}

function toAddress(value: bigint, family: Family): Address {
  if (family === IPV4) return { family, words: [Number(value)] };
  return { family, words: [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn)) };
}
