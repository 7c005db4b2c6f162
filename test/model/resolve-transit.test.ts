import { expect, test } from "vitest";
import type { RouteTable } from "../../src/model/model.ts";
import { transitDestinations } from "../../src/model/resolve.ts";
import { formatPrefix } from "../../src/net/address.ts";
import { networkOf, routeTable, subnet, vpc } from "../policy/parts.ts";

const own = { subnetIds: ["subnet-1"] };
const main = { main: true };

const shown = (found: ReturnType<typeof transitDestinations>): string[] =>
  found.map(({ prefix, transit }) => `${formatPrefix(prefix)}${transit ? " tgw" : ""}`);

test.each<[string, RouteTable[], string[]]>([
  ["no table", [], []],
  [
    "the subnet's own table",
    [routeTable("a", main, "10.0.0.0/8 tgw-1"), routeTable("b", own, "192.168.0.0/16 tgw-1")],
    ["172.16.0.0/16", "192.168.0.0/16 tgw"],
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
    ["172.16.0.0/16", "10.1.0.0/16", "10.0.0.0/8 tgw"],
  ],
  ["text that is no block", [routeTable("a", own, "everything tgw-1")], []],
])("%s", (_name, tables, expected) => {
  const parts = { subnets: [subnet("subnet-1", "172.16.1.0/24")], vpcs: [vpc("vpc-1", "172.16.0.0/16")] };
  const lists = { "pl-1": ["10.1.0.0/16", "2001:db8:1::/48"], "pl-none": null };
  expect(shown(transitDestinations(networkOf({ ...parts, tables, lists }), "subnet-1"))).toEqual(expected);
});
