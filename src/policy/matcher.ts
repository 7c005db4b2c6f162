import type { CompiledSnapshot } from "./compile.ts";
import { type FilterMatch, matchFilter } from "./filters.ts";

/**
 * Remembers what a filter said of a (service, class of peers): open addressing over two-word keys. Two records that no rule
 * tells apart share one entry, so the number of entries follows the policy and the traffic's variety, not its volume.
 */
export interface Matcher {
  /** Place in `matches` of the answer of `filter` for the service and the class of peers of the family. */
  match(filter: number, service: number, peerClass: number, family: number): number;
  readonly matches: readonly FilterMatch[];
}

/** Above this many remembered answers the memory is cleared: hostile traffic cannot make it grow without bound. */
const MOST_SLOTS = 1 << 22;

/** `intern` gives equal answers one number, across snapshots; it is the caller's, so that several matchers may share it. */
export function createMatcher(
  snapshot: CompiledSnapshot,
  intern: (match: FilterMatch) => number,
  matches: readonly FilterMatch[],
  mostSlots: number = MOST_SLOTS,
): Matcher {
  const { filters, services, peers, peerStates } = snapshot;
  const serviceCount = services.protocols.length;
  const memberSets: (Set<number> | undefined)[] = [];
  let capacity = 1 << 12;
  let used = 0;
  let keys = new Int32Array(capacity * 2).fill(-1);
  let values = new Int32Array(capacity);

  const slotOf = (first: number, second: number): number => {
    const mask = capacity - 1;
    let slot = (Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (keys[slot * 2] !== -1 && (keys[slot * 2] !== first || keys[slot * 2 + 1] !== second))
      slot = (slot + 1) & mask;
    return slot;
  };

  const grow = (): void => {
    const [oldKeys, oldValues] = [keys, values];
    const forget = capacity >= mostSlots;
    if (!forget) capacity *= 2;
    keys = new Int32Array(capacity * 2).fill(-1);
    values = new Int32Array(capacity);
    used = 0;
    if (forget) return;
    for (let old = 0; old < oldValues.length; old++) {
      if (oldKeys[old * 2] === -1) continue;
      const slot = slotOf(oldKeys[old * 2], oldKeys[old * 2 + 1]);
      keys[slot * 2] = oldKeys[old * 2];
      keys[slot * 2 + 1] = oldKeys[old * 2 + 1];
      values[slot] = oldValues[old];
      used++;
    }
  };

  const membersOf = (peerClass: number): Set<number> =>
    (memberSets[peerClass] ??= new Set(peers.members.subarray(peers.offsets[peerClass], peers.offsets[peerClass + 1])));

  return {
    matches,
    match(filter, service, peerClass, family) {
      const first = filter * serviceCount + service;
      let slot = slotOf(first, peerClass);
      if (keys[slot * 2] !== -1) return values[slot];
      if ((used + 1) * 2 > capacity) {
        grow();
        slot = slotOf(first, peerClass);
      }
      const found = intern(matchFilter(filters[filter], services, service, membersOf(peerClass), peerStates, family));
      keys[slot * 2] = first;
      keys[slot * 2 + 1] = peerClass;
      values[slot] = found;
      used++;
      return found;
    },
  };
}
