import type { CompiledSnapshot } from "../../policy/compile.ts";
import { matchFilter } from "../../policy/filters.ts";
import { WordMemo } from "../dense/word-memo.ts";
import type { LookupTable } from "./policy-lookup.ts";

/**
 * Number of the match of `filter` for a service and a class of peers of the family. Records that no rule tells apart share
 * one answer, so the number of answers follows the policy and the variety of the traffic, not its volume.
 */
export type Matcher = (filter: number, service: number, peerClass: number, family: number) => number;

/** Above this many remembered answers all are dropped: hostile traffic must not fill the memory. */
const MAX_ANSWERS = 1 << 21;

/** Matches get their numbers from `table`, so that several snapshots share them. */
export function createMatcher(
  { filters, services, peers, peerDoubts }: CompiledSnapshot,
  table: Pick<LookupTable, "internMatch">,
  maxAnswers: number = MAX_ANSWERS,
): Matcher {
  const serviceCount = services.protocols.length;
  const memberSets: (Set<number> | undefined)[] = [];
  const answers = new WordMemo(2, 1 << 12);
  let count = 0;

  const membersOf = (peerClass: number): Set<number> =>
    (memberSets[peerClass] ??= new Set(peers.members.subarray(peers.offsets[peerClass], peers.offsets[peerClass + 1])));

  return (filter, service, peerClass, family) => {
    const { key } = answers;
    key[0] = filter * serviceCount + service;
    key[1] = peerClass;
    const known = answers.find();
    if (known >= 0) return known;
    if (count++ === maxAnswers) {
      answers.clear();
      count = 1;
    }
    const match = matchFilter(filters[filter], services, service, membersOf(peerClass), peerDoubts, family);
    const found = table.internMatch(match);
    answers.add(found);
    return found;
  };
}
