import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unusedBetween } from "../../src/analysis/reach/between-interfaces.ts";
import { layersOf } from "../../src/analysis/reach/layers.ts";
import { usedServices } from "../../src/analysis/reach/reach-tally.ts";
import {
  holdsService,
  intersectServices,
  NO_SERVICES,
  serviceSet,
  type ServiceSet,
  serviceTexts,
  subtractServices,
  uniteServices,
} from "../../src/analysis/reach/services.ts";
import { unusedOf, unusedOutside } from "../../src/analysis/reach/with-outside.ts";
import { sharedSubnet } from "../../src/explain/endpoints.ts";
import { askGroups } from "../../src/explain/security-groups.ts";
import { askNetworkAcl } from "../../src/explain/layers.ts";
import type { Model } from "../../src/model/model.ts";
import { parseAddress, parsePrefix } from "../../src/net/parse.ts";
import { smallModel } from "../helpers/small-model.ts";

const span = (most: number) =>
  fc.tuple(fc.nat(most - 1), fc.nat(most - 1)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 }));
const box = fc.record({ protocols: span(20), details: span(8) });
const boxes = fc.array(box, { maxLength: 5 });
const setOf = (list: readonly { protocols: { from: number; to: number }; details: { from: number; to: number } }[]) =>
  list.reduce((set: ServiceSet, one) => uniteServices(set, serviceSet(one)), NO_SERVICES);

test("property: a set of services holds the points of its boxes", () => {
  fc.assert(
    fc.property(boxes, boxes, (left, right) => {
      const [a, b] = [setOf(left), setOf(right)];
      const has = (set: ServiceSet, protocol: number, detail: number): boolean =>
        set.some(
          ({ protocols, details }) =>
            protocol >= protocols.from &&
            protocol < protocols.to &&
            details.some(({ from, to }) => detail >= from && detail < to),
        );
      for (let protocol = 0; protocol < 20; protocol++) {
        for (let detail = 0; detail < 8; detail++) {
          const inside = (list: typeof left): boolean =>
            list.some(
              (one) =>
                protocol >= one.protocols.from &&
                protocol < one.protocols.to &&
                detail >= one.details.from &&
                detail < one.details.to,
            );
          const [x, y] = [inside(left), inside(right)];
          expect(has(a, protocol, detail)).toBe(x);
          expect(has(intersectServices(a, b), protocol, detail)).toBe(x && y);
          expect(has(subtractServices(a, b), protocol, detail)).toBe(x && !y);
        }
      }
      // One form for one set, however it came about.
      expect(setOf(left.toReversed())).toEqual(a);
    }),
    { numRuns: 60 },
  );
});

test("the text of a service set names services as rules do", () => {
  const tcp = (from: number, to: number) =>
    serviceSet({ protocols: { from: 6, to: 7 }, details: { from, to: to + 1 } });
  const everything = serviceSet({ protocols: { from: 0, to: 256 }, details: { from: 0, to: 65_536 } });
  const echo = serviceSet({ protocols: { from: 1, to: 2 }, details: { from: 8 * 256, to: 9 * 256 } });
  expect(serviceTexts(uniteServices(uniteServices(tcp(22, 22), tcp(8000, 8010)), echo))).toEqual([
    "icmp 8",
    "tcp 22",
    "tcp 8000-8010",
  ]);
  expect(serviceTexts(everything)).toEqual(["all"]);
  expect(serviceTexts(subtractServices(everything, tcp(22, 22)))).toEqual([
    "protocols 0-5",
    "tcp 0-21",
    "tcp 23-65535",
    "protocols 7-255",
  ]);
});

const ADDRESSES = [
  "10.0.1.10",
  "10.0.1.11",
  "10.0.2.10",
  "10.0.2.33",
  "192.0.2.7",
  "203.0.113.9",
  "fd00:1::10",
  "2001:db8::7",
];
const PEERS = [
  "0.0.0.0/0",
  "::/0",
  "10.0.0.0/16",
  "10.0.1.10/31",
  "192.0.2.0/24",
  "2001:db8::/32",
  "sg-a",
  "sg-b",
  "sg-gone",
  "sg-deleted@",
  "sg-b@123456789012/pcx-1/deleted",
  "sg-balanced",
  "pl-1",
  "pl-unread",
];
const SERVICES = ["all", "tcp 80-443", "tcp 443", "udp 53", "icmp 8/0", "tcp 1024-65535"];
const rule = fc
  .tuple(fc.constantFrom("in", "out"), fc.constantFrom(...SERVICES), fc.constantFrom(...PEERS))
  .map((words) => words.join(" "));
const entry = fc.tuple(
  fc.constantFrom("in", "out"),
  fc.constantFrom("allow", "deny"),
  fc.constantFrom(...SERVICES),
  fc.constantFrom("0.0.0.0/0", "::/0", "10.0.0.0/16", "192.0.2.0/24"),
);
const network = fc.record({
  a: fc.array(rule, { maxLength: 4 }),
  b: fc.array(rule, { maxLength: 4 }),
  entries: fc.array(entry, { maxLength: 5 }),
  // A more specific route through an appliance: references to groups do not match across it.
  inspected: fc.boolean(),
});

const INSPECTION = {
  RouteTableId: "rtb-1",
  VpcId: "vpc-1",
  Associations: [{ SubnetId: "subnet-1" }],
  Routes: [{ DestinationCidrBlock: "10.0.2.0/24", NetworkInterfaceId: "eni-4", State: "active" }],
};

type Described = { a: string[]; b: string[]; entries: string[][]; inspected: boolean };

function build({ a, b, entries, inspected }: Described): Promise<Model> {
  const listed = entries.map(([way, ...rest], at) => `${way} ${100 + at} ${rest.join(" ")}`);
  return smallModel({
    subnets: { "subnet-1": ["10.0.1.0/24", "fd00:1::/64"], "subnet-2": "10.0.2.0/24" },
    interfaces: {
      "eni-1": "subnet-1 10.0.1.10,fd00:1::10 sg-a",
      "eni-2": "subnet-1 10.0.1.11 sg-a,sg-b",
      "eni-3": "subnet-2 10.0.2.10 sg-b",
      "eni-4": "subnet-2 10.0.2.20 -",
      "eni-5": "subnet-2 10.0.2.12,10.0.2.32/28 sg-b",
      "eni-6": "subnet-2 10.0.2.13 sg-balanced network_load_balancer",
    },
    groups: { "sg-a": a, "sg-b": b, "sg-balanced": [] },
    lists: { "pl-1": ["192.0.2.0/25", "fd00:1::/64"], "pl-unread": null },
    entries: { "acl-1": listed },
    acls: { "acl-1": ["subnet-1"] },
    routes: inspected ? [INSPECTION] : [],
  });
}

test("property: the services that pass are those that the plain evaluator lets pass", async () => {
  await fc.assert(
    fc.asyncProperty(network, async (described) => {
      const [snapshot] = (await build(described)).snapshots;
      const layers = layersOf(snapshot);
      const acl = snapshot.networkAcls.get("acl-1")!;
      for (const one of snapshot.interfaces.values()) {
        for (const text of ADDRESSES) {
          const peer = parseAddress(text)!;
          const local = one.addresses.find(({ family }) => family === peer.family);
          if (local === undefined) continue;
          for (const direction of ["ingress", "egress"] as const) {
            const { certain, possible } = layers.passing(one, direction, local, peer);
            for (const [protocol, port] of [
              [6, 80],
              [6, 443],
              [6, 22],
              [6, 5000],
              [17, 53],
              [47, 0],
            ]) {
              const asked = { protocol, port, peer };
              const groups = one.groupIds.length === 0 ? "allow" : askGroups(snapshot, one, direction, asked).answer;
              const crosses = one.subnetId === "subnet-1" && sharedSubnet(snapshot, one, peer) === null;
              const entries = crosses ? askNetworkAcl(acl, direction, asked).answer : "allow";
              const context = `${one.id} ${direction} ${text} ${protocol}/${port}`;
              expect(holdsService(certain, protocol, port), context).toBe(groups === "allow" && entries === "allow");
              expect(holdsService(possible, protocol, port), context).toBe(groups !== "deny" && entries !== "deny");
            }
          }
        }
      }
    }),
    { numRuns: 40 },
  );
});

describe("what was never used", () => {
  const world = (): Promise<Model> =>
    smallModel({
      subnets: { "subnet-1": "10.0.1.0/24", "subnet-2": "10.0.2.0/24" },
      interfaces: {
        "eni-web": "subnet-1 10.0.1.10 sg-web",
        "eni-db": "subnet-2 10.0.2.10 sg-db",
        "eni-other": "subnet-2 10.0.2.11 sg-db",
      },
      groups: {
        "sg-web": ["in tcp 443 0.0.0.0/0", "in tcp 8443 0.0.0.0/0", "out all 0.0.0.0/0"],
        "sg-db": ["in tcp 5432 sg-web", "in tcp 22 sg-web", "out tcp 443 10.0.0.0/8"],
      },
      entries: {
        "acl-db": ["in 100 deny tcp 22 0.0.0.0/0", "in 110 allow all 0.0.0.0/0", "out 100 allow all 0.0.0.0/0"],
      },
      acls: { "acl-db": ["subnet-2"] },
    });
  const use = { interfaceId: "eni-web", protocol: 6 } as const;

  test("between interfaces it is what both ends and both network ACLs let pass, without what was used", async () => {
    const [snapshot] = (await world()).snapshots;
    const web = snapshot.interfaces.get("eni-web")!;
    const used = usedServices([{ ...use, direction: "egress", peer: "10.0.2.10", port: 5432 }]);
    const found = unusedBetween(layersOf(snapshot), [web], used)!;
    expect(found.map(({ way, services, peers, used: uses }) => ({ way, services, peers, used: uses }))).toEqual([
      { way: "in", services: ["tcp 443"], peers: ["eni-db", "eni-other"], used: [] },
      { way: "out", services: ["tcp 5432"], peers: ["eni-other"], used: [] },
    ]);
  });

  test("a connection in the log of the other end counts as used", async () => {
    const [snapshot] = (await world()).snapshots;
    const web = snapshot.interfaces.get("eni-web")!;
    const uses = [
      { interfaceId: "eni-other", direction: "ingress", peer: "10.0.1.10", protocol: 6, port: 5432 } as const,
      { ...use, direction: "egress", peer: "10.0.2.10", port: 5432 } as const,
    ];
    const found = unusedBetween(layersOf(snapshot), [web], usedServices(uses))!;
    expect(found.map(({ way }) => way)).toEqual(["in"]);
  });

  test("with outside it is the rules that nobody used", async () => {
    const [snapshot] = (await world()).snapshots;
    const web = snapshot.interfaces.get("eni-web")!;
    const used = usedServices([{ ...use, direction: "ingress", peer: "203.0.113.9", port: 443 }]);
    const found = unusedOutside(layersOf(snapshot), [web], used);
    expect(found.map(({ way, services, peers, rules }) => [way, services, peers, rules])).toEqual([
      ["in", ["tcp 8443"], ["0.0.0.0/0"], ["sgr-sg-web-1"]],
      ["out", ["all"], ["0.0.0.0/0"], ["sgr-sg-web-2"]],
    ]);
  });

  test("for an outside address it is what is open to it and was never used", async () => {
    const [snapshot] = (await world()).snapshots;
    const block = parsePrefix("203.0.113.0/24")!.prefix;
    const used = usedServices([{ ...use, direction: "ingress", peer: "203.0.113.9", port: 443 }]);
    const found = unusedOf(layersOf(snapshot), block, used);
    expect(found.map(({ way, services, peers, used: uses }) => [way, services, peers, uses])).toEqual([
      ["in", ["all"], ["eni-web"], []],
      ["out", ["tcp 443", "tcp 8443"], ["eni-web"], ["tcp 443"]],
    ]);
  });
});
