import { formatPrefix, type Prefix } from "../../net/address.ts";
import { bitsOf } from "../../net/parse.ts";
import { coverPrefixes, fewestBlocks } from "../../net/prefix-cover.ts";
import { prefixAddresses } from "../../policy/breadth.ts";
import type { Peer } from "../../policy/model.ts";
import type { Reference } from "./references.ts";
import { holdsHost } from "./use.ts";

/** Peers of rules that together stand for all addresses asked for; size in addresses. */
export interface PeerCover {
  readonly size: number;
  readonly peers: readonly Peer[];
}

/** The best covers with at most one, two, … peers, by their number less one; null where that few cannot do it. */
export type PeerCovers = readonly (PeerCover | null)[];

export interface PeerSpace {
  /** Covers of some of the addresses, by their places. */
  covers(places: readonly number[]): PeerCovers;
  /** How many peers it takes within the limit of widening, were there no limit of number. */
  fewest(places: readonly number[]): number;
}

/** References to try in one cover, those with most of the addresses first. */
const MOST_REFERENCES = 6;

/** Blocks of addresses and references in their stead; of equal covers the one with references, which follow their members. */
export function addressSpace(
  addresses: readonly Prefix[],
  references: readonly Reference[],
  options: { readonly most: number; readonly shortest: (family: Prefix["family"]) => number },
): PeerSpace {
  const held = heldBy(references, addresses);
  const known = new Map<string, PeerCovers>();
  const blocksOf = (places: readonly number[]): PeerCovers =>
    coverPrefixes(
      places.map((at) => addresses[at]),
      { ...options, sizeOf: prefixAddresses },
    ).map((cover) => cover && { size: cover.size, peers: cover.blocks.map((prefix) => ({ kind: "cidr", prefix })) });

  const best = (places: readonly number[]): PeerCovers => {
    const covers: (PeerCover | null)[] = [...blocksOf(places)];
    const used: Reference[] = [];
    let left = places;
    while (left.length > 0 && used.length < Math.min(MOST_REFERENCES, options.most)) {
      const next = bestReference(left, references, held);
      if (next < 0) break;
      used.push(references[next]);
      left = left.filter((at) => !held[next].has(at));
      const own = {
        size: used.reduce((sum, { addresses }) => sum + addresses, 0),
        peers: used.map(({ peer }) => peer),
      };
      const rest = left.length === 0 ? [{ size: 0, peers: [] }] : [null, ...blocksOf(left)];
      rest.forEach((cover, count) => {
        const at = used.length + count - 1;
        if (cover === null || at >= options.most) return;
        const whole = { size: own.size + cover.size, peers: [...own.peers, ...cover.peers] };
        while (covers.length <= at) covers.push(covers.at(-1) ?? null);
        for (let place = at; place < covers.length; place++) {
          if (whole.size <= (covers[place]?.size ?? Infinity)) covers[place] = whole;
        }
      });
    }
    return covers;
  };

  return {
    covers(places) {
      const key = places.join(",");
      const found = known.get(key);
      if (found) return found;
      const covers = best(places);
      known.set(key, covers);
      return covers;
    },
    fewest: (places) =>
      fewestBlocks(
        places.map((at) => addresses[at]),
        options.shortest,
      ),
  };
}

/** The places of the addresses that each reference stands for. Most members are hosts, which are looked up. */
function heldBy(references: readonly Reference[], addresses: readonly Prefix[]): Set<number>[] {
  const placeOf = new Map(addresses.map((one, at) => [formatPrefix(one), at]));
  return references.map(({ members }) => {
    const places = new Set<number>();
    for (const member of members) {
      if (member.length === bitsOf(member.family)) {
        const place = placeOf.get(formatPrefix(member));
        if (place !== undefined) places.add(place);
      } else {
        addresses.forEach((one, at) => holdsHost(member, one) && places.add(at));
      }
    }
    return places;
  });
}

/** The one that stands for most of the addresses; of these the smallest. */
function bestReference(
  places: readonly number[],
  references: readonly Reference[],
  held: readonly ReadonlySet<number>[],
): number {
  const open = new Set(places);
  let best = -1;
  let most = 0;
  references.forEach(({ addresses }, at) => {
    if (held[at].size < most || held[at].size === 0) return;
    let count = 0;
    for (const place of held[at]) if (open.has(place)) count++;
    if (count > most || (count === most && count > 0 && addresses < references[best].addresses)) {
      [best, most] = [at, count];
    }
  });
  return best;
}

/** A peer that stays as it is: a group or a prefix list. */
export function fixedSpace(peer: Peer, size: number): PeerSpace {
  return { covers: () => [{ size, peers: [peer] }], fewest: () => 1 };
}
