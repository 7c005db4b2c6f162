import { expect, test } from "vitest";
import type { NetworkInterface } from "../../src/model/model.ts";
import { formatPrefix } from "../../src/net/address.ts";
import { blocksOfList } from "../../src/net/block-lists.ts";
import {
  ACL_UNKNOWN,
  compileInterfaces,
  DETAILED,
  IPV4_COMPLETE,
  NO_FILTER,
  NOT_IN_SNAPSHOT,
} from "../../src/policy/interfaces.ts";
import { networkInterface } from "../analysis/lint/snapshots.ts";
import { acl, block, networkOf, routeTable, subnet } from "./parts.ts";

const SUBNETS = [
  subnet("plain", "10.0.1.0/24"),
  subnet("two-blocks", "10.0.2.0/24", "10.0.3.0/24"),
  subnet("dual", "10.0.4.0/24", "2001:db8:4::/64"),
  subnet("six", "2001:db8:5::/64"),
  subnet("transit", "10.0.6.0/24"),
  subnet("open", "10.0.7.0/24"),
];

function compile(one: NetworkInterface, others: NetworkInterface[] = []) {
  const snapshot = networkOf({
    interfaces: [one, ...others],
    subnets: SUBNETS,
    acls: [
      acl(
        "acl-1",
        SUBNETS.map(({ id }) => id).filter((id) => id !== "open"),
      ),
    ],
    tables: [routeTable("rtb-1", { subnetIds: ["transit"] }, "192.168.0.0/16 tgw-1")],
  });
  const compiled = compileInterfaces(
    snapshot,
    ["eni-gone", one.id],
    [],
    {
      filters: [],
      ofGroups: () => ({ ingress: 1, egress: 2 }),
      ofPlace: () => ({ ingress: 3, egress: 4 }),
      ofAcl: () => ({ ingress: 11, egress: 12 }),
    },
    () => 7,
  );
  const { blocks, subnets, routes, subnet: subnetOf, transit, filters: _, ...columns } = compiled;
  const values = Object.entries(columns).map(([name, column]) => [name, column[1]]);
  const row = Object.fromEntries(values) as Record<string, number>;
  const details = {
    blocks: blocksOfList(blocks, 1),
    subnet: blocksOfList(subnets, subnetOf[1]),
    transit: routes[transit[1]],
  };
  return { compiled, row, details: row.flags & DETAILED ? details : undefined };
}

const at = (subnetId: string | null, ...addresses: string[]): NetworkInterface => ({
  ...networkInterface("eni-1", ["sg-1"], ...addresses),
  subnetId,
});

test.each<[string, NetworkInterface, number]>([
  ["one IPv4 address", at("plain", "10.0.1.5"), IPV4_COMPLETE],
  ["a secondary address", at("plain", "10.0.1.5", "10.0.1.6"), DETAILED],
  ["an IPv6 address beside it", at("dual", "10.0.4.5", "2001:db8:4::5"), DETAILED | IPV4_COMPLETE],
  ["a secondary IPv4 address beside an IPv6 one", at("dual", "10.0.4.5", "10.0.4.6", "2001:db8:4::5"), DETAILED],
  ["IPv6 only", at("six", "2001:db8:5::5"), DETAILED],
  ["no address", at("plain"), DETAILED],
  ["a delegated prefix", { ...at("plain", "10.0.1.5"), prefixes: [block("10.0.1.16/28")] }, DETAILED],
  ["a subnet with two IPv4 blocks", at("two-blocks", "10.0.2.5"), DETAILED],
  ["a subnet with an IPv6 block", at("dual", "10.0.4.5"), DETAILED | IPV4_COMPLETE],
  ["no subnet", at(null, "10.0.1.5"), ACL_UNKNOWN | IPV4_COMPLETE],
  ["a subnet without a network ACL", at("open", "10.0.7.5"), ACL_UNKNOWN | IPV4_COMPLETE],
])("%s", (_name, one, flags) => {
  const { row, details } = compile(one);
  expect(row.flags).toBe(flags);
  expect(details !== undefined).toBe((flags & DETAILED) !== 0);
  const words = one.addresses.map((address) => formatPrefix({ ...address, length: address.words.length * 32 }));
  if (!details) return;
  expect(details.blocks.map(formatPrefix)).toEqual([...words, ...one.prefixes.map(formatPrefix)]);
  expect(details.subnet).toEqual(SUBNETS.find(({ id }) => id === one.subnetId)?.prefixes);
});

test("columns describe a plain interface, and mark one that the snapshot does not know", () => {
  const { row, compiled } = compile(at("plain", "10.0.1.5"));
  expect(row).toEqual({
    sgIngress: 1,
    sgEgress: 2,
    naclIngress: 11,
    naclEgress: 12,
    unfiltered: 7,
    flags: IPV4_COMPLETE,
    primary: 0x0a000105,
    subnetBase: 0x0a000100,
    subnetMask: 0xffffff00,
  });
  expect([compiled.sgIngress[0], compiled.sgEgress[0]]).toEqual([NOT_IN_SNAPSHOT, NOT_IN_SNAPSHOT]);
});

test("without groups, ACL or subnet the layers have no filter and no address is in the subnet", () => {
  const { row } = compile({ ...at(null, "10.0.1.5"), groupIds: [] });
  expect(row).toMatchObject({
    sgIngress: NO_FILTER,
    sgEgress: NO_FILTER,
    naclIngress: NO_FILTER,
    naclEgress: NO_FILTER,
  });
  for (const address of [0, 1, 0x0a000105]) expect((address & row.subnetMask) >>> 0).not.toBe(row.subnetBase);
});

test("an attachment in the subnet gives its neighbours the routes to the transit gateway", () => {
  const attachment = { ...networkInterface("eni-tgw", [], "10.0.6.9"), subnetId: "transit", type: "transit_gateway" };
  const routes = compile(at("transit", "10.0.6.5"), [attachment]).details?.transit ?? [];
  expect(routes.filter(({ transit }) => transit).map(({ prefix }) => formatPrefix(prefix))).toEqual(["192.168.0.0/16"]);
  expect(compile(at("transit", "10.0.6.5")).details).toBeUndefined();
  expect(compile({ ...attachment, id: "eni-1" }).details).toBeUndefined();
});
