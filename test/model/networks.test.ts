import { expect, test } from "vitest";
import { formatPrefix } from "../../src/net/address.ts";
import { load, snapshot } from "./model-folder.ts";

test("prefix list entries are read from an answer with the id, a file named after the list, a map, pages, and beside the list", async () => {
  const { snapshots, notes } = await load({
    "lists.json": {
      PrefixLists: [
        { PrefixListId: "pl-1", PrefixListName: "office" },
        { PrefixListId: "pl-empty" },
        { PrefixListId: "pl-unknown" },
        { PrefixListId: "pl-s3", PrefixListName: "com.amazonaws.us-east-1.s3", Cidrs: ["52.216.0.0/15"] },
      ],
    },
    "entries-of-1.json": { PrefixListId: "pl-1", Entries: [{ Cidr: "192.0.2.0/24" }] },
    "more-of-1.json": { PrefixListId: "pl-1", Entries: [{ Cidr: "198.51.100.0/24", Description: "second page" }] },
    "pl-2.json": { Entries: [{ Cidr: "2001:db8::/32" }] },
    "map.json": { "pl-3": { Entries: [{ Cidr: "10.0.0.0/8" }] }, "pl-empty": [] },
    "list.json": [{ PrefixListId: "pl-4", Entries: [{ Cidr: "10.1.0.0/16" }] }],
  });
  const lists = [...snapshots[0].prefixLists.values()].map(({ id, name, entries }) => [
    id,
    name,
    entries?.map(formatPrefix) ?? null,
  ]);
  expect(Object.fromEntries(lists.map(([id, ...rest]) => [id, rest]))).toEqual({
    "pl-1": ["office", ["192.0.2.0/24", "198.51.100.0/24"]],
    "pl-empty": ["", []],
    "pl-unknown": ["", null],
    "pl-s3": ["com.amazonaws.us-east-1.s3", ["52.216.0.0/15"]],
    "pl-3": ["", ["10.0.0.0/8"]],
    "pl-4": ["", ["10.1.0.0/16"]],
    "pl-2": ["", ["2001:db8::/32"]],
  });
  expect(notes.filter((note) => !note.startsWith("no network interfaces"))).toEqual([]);
});

test("VPCs and subnets have the blocks that are associated", async () => {
  const associated = (field: string, text: string, state: string): object => ({
    [field]: text,
    [`${field}State`]: { State: state },
  });
  const model = await snapshot({
    vpc: {
      Vpcs: [
        {
          VpcId: "vpc-1",
          CidrBlock: "10.0.0.0/16",
          CidrBlockAssociationSet: [
            associated("CidrBlock", "10.0.0.0/16", "associated"),
            associated("CidrBlock", "10.1.0.0/16", "associating"),
            associated("CidrBlock", "10.2.0.0/16", "disassociated"),
          ],
          Ipv6CidrBlockAssociationSet: [associated("Ipv6CidrBlock", "2001:db8::/56", "associated")],
          Tags: [{ Key: "Name", Value: "main" }],
        },
      ],
    },
    subnet: {
      Subnets: [
        { SubnetId: "subnet-1", Ipv6CidrBlockAssociationSet: [associated("Ipv6CidrBlock", "2001:db8::/64", "failed")] },
      ],
    },
  });
  const vpc = model.vpcs.get("vpc-1")!;
  expect([vpc.name, ...vpc.prefixes.map(formatPrefix)]).toEqual([
    "main",
    "10.0.0.0/16",
    "10.1.0.0/16",
    "2001:db8::/56",
  ]);
  expect(model.subnets.get("subnet-1")!.prefixes).toEqual([]);
});

test("a route has its destination, target and state", async () => {
  const routes = [
    { DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local", State: "active" },
    { DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: "eigw-1" },
    { DestinationPrefixListId: "pl-1", GatewayId: "vpce-1" },
    { DestinationCidrBlock: "0.0.0.0/0", InstanceId: "i-1", NetworkInterfaceId: "eni-1", State: "blackhole" },
  ];
  const associations = [
    { Main: true },
    { SubnetId: "subnet-1" },
    { SubnetId: "subnet-2", AssociationState: { State: "disassociated" } },
  ];
  const model = await snapshot({
    rtb: { RouteTables: [{ RouteTableId: "rtb-1", Associations: associations, Routes: routes }] },
  });
  expect(model.routeTables.get("rtb-1")).toMatchObject({
    main: true,
    subnetIds: ["subnet-1"],
    routes: [
      { destination: "10.0.0.0/16", target: "local", state: "active" },
      { destination: "::/0", target: "eigw-1", state: "active" },
      { destination: "pl-1", target: "vpce-1", state: "active" },
      { destination: "0.0.0.0/0", target: "eni-1", state: "blackhole" },
    ],
  });
});
