import { expect, test } from "vitest";
import type { Peer } from "../../src/model/model.ts";
import { collectPeers } from "../../src/model/resolve.ts";
import { formatPrefix } from "../../src/net/address.ts";
import { PEER_EXACT, PEER_NLB, PEER_UNRESOLVED } from "../../src/model/resolve.ts";
import { networkInterface, prefix, rule } from "../analysis/lint/snapshots.ts";
import { block, networkOf } from "../policy/parts.ts";

const group = (id: string, facts: Partial<Peer & { kind: "group" }> = {}): Peer => ({
  kind: "group",
  id,
  userId: "123456789012",
  peeringId: null,
  peeringStatus: null,
  ...facts,
});
const member = {
  ...networkInterface("eni-1", ["sg-app"], "10.0.0.5", "10.0.0.6", "2001:db8::5"),
  prefixes: [block("10.0.0.16/28")],
};
const balancer = { ...networkInterface("eni-2", ["sg-nlb"], "10.0.0.9"), type: "network_load_balancer" };
const snapshot = networkOf({
  interfaces: [member, networkInterface("eni-3", ["sg-app"], "10.0.0.7"), balancer],
  rules: [rule("sgr-1", "sg-empty")],
  lists: { "pl-1": ["10.1.0.0/16", "2001:db8:1::/48"], "pl-empty": [], "pl-unread": null },
});

test.each<[string, Peer, string[], number]>([
  ["a block", prefix("10.0.0.0/8"), ["10.0.0.0/8"], PEER_EXACT],
  ["a prefix list", { kind: "prefix-list", id: "pl-1" }, ["10.1.0.0/16", "2001:db8:1::/48"], PEER_EXACT],
  ["an empty prefix list", { kind: "prefix-list", id: "pl-empty" }, [], PEER_EXACT],
  ["a prefix list without entries in the model", { kind: "prefix-list", id: "pl-unread" }, [], PEER_UNRESOLVED],
  ["a prefix list that the model lacks", { kind: "prefix-list", id: "pl-other" }, [], PEER_UNRESOLVED],
  [
    "a group: all private addresses and prefixes of its members",
    group("sg-app"),
    ["10.0.0.5/32", "10.0.0.6/32", "2001:db8::5/128", "10.0.0.16/28", "10.0.0.7/32"],
    PEER_EXACT,
  ],
  ["a group without members", group("sg-empty"), [], PEER_EXACT],
  ["the group of a load balancer", group("sg-nlb"), ["10.0.0.9/32"], PEER_NLB],
  ["a group of nobody's", group("sg-other"), [], PEER_UNRESOLVED],
  ["a deleted group", group("sg-other", { userId: null }), [], PEER_EXACT],
  [
    "a group behind a deleted peering",
    group("sg-other", { peeringId: "pcx-1", peeringStatus: "deleted" }),
    [],
    PEER_EXACT,
  ],
  [
    "a group of the model behind a deleted peering",
    group("sg-app", { peeringId: "pcx-1", peeringStatus: "deleted" }),
    [],
    PEER_EXACT,
  ],
  [
    "a group behind an active peering",
    group("sg-other", { peeringId: "pcx-1", peeringStatus: "active" }),
    [],
    PEER_UNRESOLVED,
  ],
])("%s", (_name, peer, blocks, state) => {
  const peers = collectPeers(snapshot);
  const id = peers.idOf(peer);
  expect(peers.blocks[id].map(formatPrefix)).toEqual(blocks);
  expect(peers.states[id]).toBe(state);
  expect(peers.idOf({ ...peer })).toBe(id);
});
