import * as fc from "fast-check";
import { expect, test } from "vitest";
import { chooseRoute } from "../../src/explain/choose-route.ts";
import type { RouteTable } from "../../src/model/model.ts";
import { isMiddlebox, prefixesRouted, type Route, routeTo, transitRoutes } from "../../src/model/routes.ts";
import { formatPrefix, holdsAddress } from "../../src/net/address.ts";
import { parseAddress } from "../../src/net/parse.ts";
import { networkInterface } from "../analysis/lint/snapshots.ts";
import { networkOf, routeTable, subnet, vpc } from "../policy/parts.ts";

const own = { subnetIds: ["subnet-1"] };
const main = { main: true };

const shown = (found: ReturnType<typeof transitRoutes>): string[] =>
  found.map(({ prefix, transit }) => `${formatPrefix(prefix)}${transit ? " tgw" : ""}`);

test.each<[string, RouteTable[], string[]]>([
  ["no table", [], []],
  [
    "the subnet's own table",
    [routeTable("a", main, "10.0.0.0/8 tgw-1"), routeTable("b", own, "192.168.0.0/16 tgw-1")],
    ["192.168.0.0/16 tgw", "172.16.0.0/16"],
  ],
  [
    "the VPC's main table",
    [routeTable("a", {}, "1.0.0.0/8 tgw-1"), routeTable("b", main, "10.0.0.0/8 tgw-1")],
    ["172.16.0.0/16", "10.0.0.0/8 tgw"],
  ],
  ["the main table of another VPC", [routeTable("a", { ...main, vpcId: "vpc-2" }, "10.0.0.0/8 tgw-1")], []],
  [
    "an own table without routes hides the main one",
    [routeTable("a", main, "10.0.0.0/8 tgw-1"), routeTable("b", own)],
    [],
  ],
  [
    "routes to transit gateways that work",
    [routeTable("a", own, "0.0.0.0/0 igw-1", "10.0.0.0/8 tgw-1 blackhole", "::/0 tgw-2")],
    ["172.16.0.0/16", "0.0.0.0/0", "::/0 tgw"],
  ],
  [
    "entries of a prefix list",
    [routeTable("a", own, "pl-1 tgw-1", "pl-none tgw-1", "pl-gone tgw-1")],
    ["2001:db8:1::/48 tgw", "172.16.0.0/16", "10.1.0.0/16 tgw"],
  ],
  [
    "not what lies in the VPC itself",
    [routeTable("a", own, "172.16.0.0/16 tgw-1", "172.16.5.0/24 tgw-1", "172.16.0.0/12 tgw-1")],
    ["172.16.0.0/16", "172.16.0.0/12 tgw"],
  ],
  [
    "a longer route to elsewhere",
    [routeTable("a", own, "10.0.0.0/8 tgw-1", "10.1.0.0/16 pcx-1")],
    ["10.1.0.0/16", "172.16.0.0/16", "10.0.0.0/8 tgw"],
  ],
  ["text that is no block", [routeTable("a", own, "everything tgw-1")], []],
])("routes of a subnet with a transit gateway: %s", (_name, tables, expected) => {
  const parts = { subnets: [subnet("subnet-1", "172.16.1.0/24")], vpcs: [vpc("vpc-1", "172.16.0.0/16")] };
  const lists = { "pl-1": ["10.1.0.0/16", "2001:db8:1::/48"], "pl-none": null };
  expect(shown(transitRoutes(networkOf({ ...parts, tables, lists }), "subnet-1"))).toEqual(expected);
});

const DESTINATIONS = [
  "0.0.0.0/0",
  "::/0",
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.0/24",
  "172.16.1.0/24",
  "172.16.0.0/16",
  "172.16.0.0/12",
  "pl-1",
  "pl-none",
];
const TARGETS = ["igw-1", "nat-1", "eigw-1", "tgw-1", "eni-1", "i-1", "vpce-1", "pcx-1"];
const ADDRESSES = [
  "10.1.2.3",
  "10.1.9.9",
  "10.9.9.9",
  "172.16.1.5",
  "172.16.9.9",
  "172.17.0.1",
  "192.0.2.1",
  "2001:db8:1::1",
];
const routeLines = fc.uniqueArray(
  fc.tuple(fc.constantFrom(...DESTINATIONS), fc.constantFrom(...TARGETS), fc.constantFrom("active", "blackhole")),
  { selector: ([destination]) => destination, maxLength: 6 },
);

test("property: an address takes the route that the plain evaluator finds, and lies behind that route alone", () => {
  fc.assert(
    fc.property(routeLines, (lines) => {
      const snapshot = networkOf({
        subnets: [subnet("subnet-1", "172.16.1.0/24")],
        vpcs: [vpc("vpc-1", "172.16.0.0/16")],
        tables: [routeTable("a", own, ...lines.map((line) => line.join(" ")))],
        lists: { "pl-1": ["10.1.0.0/16", "2001:db8:1::/48"], "pl-none": null },
      });
      const one = { ...networkInterface("eni-9", [], "172.16.1.4"), subnetId: "subnet-1" };
      for (const text of ADDRESSES) {
        const address = parseAddress(text)!;
        const expected = chooseRoute(snapshot, one, address);
        const found = routeTo(snapshot, "subnet-1", address);
        expect(found && [found.target, found.list?.id ?? null]).toEqual(expected && [expected.target, expected.list]);
        for (const wanted of [isMiddlebox, ({ target }: Route) => target === "nat-1"]) {
          const behind = prefixesRouted(snapshot, "subnet-1", wanted).some((prefix) => holdsAddress(prefix, address));
          expect(behind).toBe(found !== null && wanted(found));
        }
      }
    }),
    { numRuns: 1000 },
  );
});
