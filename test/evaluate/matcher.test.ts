import * as fc from "fast-check";
import { expect, test } from "vitest";
import { IPV4, type Prefix } from "../../src/net/address.ts";
import { createMatcher } from "../../src/evaluate/lookup/matcher.ts";
import { createLookupTable } from "../../src/evaluate/lookup/policy-lookup.ts";
import type { CompiledSnapshot } from "../../src/policy/compile.ts";
import { type CompiledRule, type Filter, matchFilter } from "../../src/policy/filters.ts";
import { buildPeerClasses } from "../../src/policy/peer-classes.ts";
import { TCP } from "../../src/net/protocols.ts";
import { buildServices } from "../../src/policy/services.ts";

const PEERS = 4;
const rule = fc.record({
  index: fc.nat(20),
  peer: fc.nat(PEERS - 1),
  protocol: fc.constantFrom(-1, 1, 6, 17),
  ports: fc.constantFrom([0, 65_535], [443, 443], [1024, 65_535]),
  icmpType: fc.constantFrom(-1, 8),
  allow: fc.boolean(),
  open: fc.boolean(),
});
const filters = fc.array(
  fc.record({
    kind: fc.constantFrom("sg" as const, "nacl" as const),
    rules: fc.array(
      rule.map(({ ports: [from, to], ...rest }): CompiledRule => ({ ...rest, from, to, icmpCode: -1 })),
      { maxLength: 5 },
    ),
    untrackedTcp: fc.nat(6),
    untrackedUdp: fc.nat(6),
    alwaysTracked: fc.constantFrom(-1, 2),
  }),
  { minLength: 1, maxLength: 4 },
);

function snapshotOf(filters: readonly Filter[], blocks: Prefix[][], ports: number[]): CompiledSnapshot {
  const ranges = ports.map((port) => ({ from: port, to: port }));
  const parts = { filters, services: buildServices(ranges, []), peers: buildPeerClasses(blocks) };
  return {
    ...parts,
    peerDoubts: { states: Uint8Array.of(0, 0, 1, 2), unknownMembers: [] },
  } as unknown as CompiledSnapshot;
}

const membersOf = ({ peers }: CompiledSnapshot, peerClass: number): Set<number> =>
  new Set(peers.members.subarray(peers.offsets[peerClass], peers.offsets[peerClass + 1]));

test("remembered answers equal fresh ones, however often and in whatever order filters are asked", () => {
  const nested = [8, 16, 24, 32].map((length): Prefix[] => [{ family: IPV4, words: [0x0a000000], length }]);
  const question = fc.tuple(fc.nat(), fc.nat(), fc.nat());
  fc.assert(
    fc.property(filters, fc.array(question, { minLength: 50, maxLength: 200 }), (filters, questions) => {
      const snapshot = snapshotOf(filters, nested, [443, 1024]);
      const table = createLookupTable();
      const match = createMatcher(snapshot, table);
      const classCount = snapshot.peers.offsets.length - 1;
      for (const [a, b, c] of questions) {
        const [filter, service] = [a % filters.length, b % snapshot.services.protocols.length];
        const peerClass = c % classCount;
        const { services, peerDoubts } = snapshot;
        const expected = matchFilter(
          filters[filter],
          services,
          service,
          membersOf(snapshot, peerClass),
          peerDoubts,
          IPV4,
        );
        expect(table.matches[match(filter, service, peerClass, IPV4)]).toEqual(expected);
      }
    }),
    { numRuns: 50 },
  );
});

test("answers stay right when the memory is full and cleared", () => {
  const hosts = Array.from({ length: 20 }, (_, at): Prefix[] => [{ family: IPV4, words: [at * 2], length: 32 }]);
  const any = { protocol: TCP, from: 443, to: 443, icmpType: -1, icmpCode: -1, allow: true, open: false };
  const filters = hosts.map((_, at): Filter => ({
    kind: "sg",
    rules: [{ index: at, peer: at, ...any }],
    untrackedTcp: 0,
    untrackedUdp: 0,
    alwaysTracked: -1,
  }));
  const snapshot = snapshotOf(filters, hosts, [443]);
  const table = createLookupTable();
  const LIMIT = 1 << 11;
  const match = createMatcher(snapshot, table, LIMIT);
  const [serviceCount, classCount] = [snapshot.services.protocols.length, snapshot.peers.offsets.length - 1];
  const members = Array.from({ length: classCount }, (_, peerClass) => membersOf(snapshot, peerClass));
  expect(filters.length * serviceCount * classCount).toBeGreaterThan(20 * LIMIT);
  let wrong = 0;
  for (let filter = 0; filter < filters.length; filter++) {
    for (let peerClass = 0; peerClass < classCount; peerClass++) {
      const allowed = members[peerClass].has(filter);
      for (let service = 0; service < serviceCount; service++) {
        const { rules } = table.matches[match(filter, service, peerClass, IPV4)];
        const expected = allowed && service === snapshot.services.tcp[443] ? filter : undefined;
        if (rules[0] !== expected) wrong++;
      }
    }
  }
  expect(wrong).toBe(0);
});
