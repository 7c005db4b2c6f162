import type { FlowBatch } from "../../decode/flow-batch.ts";
import { type Family, holdsAddress, IPV4, type Prefix } from "../../net/address.ts";
import { blocksOfList } from "../../net/block-lists.ts";
import { bitsOf } from "../../net/parse.ts";
import type { CompiledSnapshot } from "../../policy/compile.ts";
import { DETAILED, NOT_IN_SNAPSHOT } from "../../policy/interfaces.ts";

/**
 * Numbers of the places of a snapshot where an unknown interface with the address may stand: its subnet, else its VPC;
 * several if the model has several with that address. None where an interface in force has the address.
 */
export type PlaceFinder = (batch: FlowBatch, family: number, address: number) => readonly number[];

const NOWHERE: readonly number[] = [];
/** Addresses that are remembered; unknown interfaces are few, but their peers may be all the internet. */
const MOST_REMEMBERED = 1 << 16;

/** Made when the first record of an unknown interface comes. `interfaces`: how many rows of the columns are interfaces. */
export function createPlaceFinder({ interfaces, places }: CompiledSnapshot, interfaceCount: number): PlaceFinder {
  const hosts = new Set<number | string>();
  const held: Prefix[] = [];
  for (let eni = 0; eni < interfaceCount; eni++) {
    if (interfaces.sgIngress[eni] === NOT_IN_SNAPSHOT) continue;
    if (interfaces.primary[eni] !== 0) hosts.add(interfaces.primary[eni]);
    if ((interfaces.flags[eni] & DETAILED) === 0) continue;
    for (const block of blocksOfList(interfaces.blocks, eni)) {
      if (block.length === bitsOf(block.family)) hosts.add(keyOf(block.family, block.words));
      else held.push(block);
    }
  }
  const recent = new Map<number | string, readonly number[]>();

  const find = (family: Family, words: readonly number[]): readonly number[] => {
    const address = { family, words };
    const holds = (block: Prefix): boolean => holdsAddress(block, address);
    if (hosts.has(keyOf(family, words)) || held.some(holds)) return NOWHERE;
    const all = places.flatMap(({ blocks }, place) => (blocks.some(holds) ? place : []));
    const subnets = all.filter((place) => places[place].isSubnet);
    return subnets.length > 0 ? subnets : all;
  };

  return (batch, family, address) => {
    const words = family === IPV4 ? [address] : [...batch.addr6.subarray(address, address + 4)];
    const key = keyOf(family, words);
    let found = recent.get(key);
    if (found === undefined) {
      if (recent.size === MOST_REMEMBERED) recent.clear();
      recent.set(key, (found = find(family as Family, words)));
    }
    return found;
  };
}

const keyOf = (family: number, words: readonly number[]): number | string =>
  family === IPV4 ? words[0] : words.join(".");
