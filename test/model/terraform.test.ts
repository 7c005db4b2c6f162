import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../src/model/load.ts";
import type { Snapshot } from "../../src/model/model.ts";
import { formatAddress } from "../../src/net/address.ts";
import { formatIcmp, formatPorts } from "../../src/net/protocols.ts";
import { failure, load, notes, snapshot } from "./model-folder.ts";
import { filesOfOthers } from "../helpers/skip.ts";

type Values = Record<string, unknown>;

const resource = (address: string, values: Values, mode = "managed"): object => {
  const type = address.replace(/^(?:module\.[^.]+\.)*(?:data\.)?/, "").split(".")[0];
  return { address, mode, type, name: "x", values };
};
const state = (...resources: object[]): object => ({
  format_version: "1.0",
  terraform_version: "1.9.0",
  values: { root_module: { resources } },
});

const world = { cidr_blocks: ["0.0.0.0/0"] };
const https = { protocol: "tcp", from_port: 443, to_port: 443 };

/** `id <- file pointer` of every rule of a group, `id protocol ports icmp` of every entry of a NACL. */
const ruleIds = (model: Snapshot, group: string): string[] =>
  model.securityGroups.get(group)!.rules.map((rule) => rule.id);
const entries = (model: Snapshot, acl: string): string[] =>
  model.networkAcls
    .get(acl)!
    .entries.map((one) => `${one.id} ${one.action} ${one.protocol} ${formatPorts(one.ports)} ${formatIcmp(one.icmp)}`);

describe("state", () => {
  test("a group has its in-line and separate rules, each once", async () => {
    const inline = {
      ...https,
      ...world,
      ipv6_cidr_blocks: ["::/0"],
      self: true,
      security_groups: ["111111111111/sg-9"],
      description: "web",
    };
    const model = await snapshot({
      "state.json": state(
        resource("aws_security_group.web", {
          id: "sg-1",
          name: "web",
          vpc_id: "vpc-1",
          tags: { Name: "w" },
          ingress: [inline],
          egress: [{ protocol: "-1", from_port: 0, to_port: 0, ...world }],
        }),
        resource("aws_security_group_rule.https", {
          id: "sgrule-1",
          type: "ingress",
          security_group_id: "sg-1",
          ...https,
          ...world,
        }),
        resource("aws_security_group_rule.ssh", {
          type: "ingress",
          security_group_id: "sg-1",
          protocol: "6",
          from_port: 22,
          to_port: 22,
          prefix_list_ids: ["pl-1"],
          source_security_group_id: null,
        }),
        resource("aws_vpc_security_group_ingress_rule.ping", {
          id: "sgr-1",
          security_group_rule_id: "sgr-1",
          security_group_id: "sg-1",
          ip_protocol: "icmp",
          from_port: 8,
          to_port: -1,
          cidr_ipv4: "10.0.0.0/8",
        }),
        resource("aws_vpc_security_group_egress_rule.all", {
          security_group_id: "sg-1",
          ip_protocol: "-1",
          from_port: null,
          to_port: null,
          referenced_security_group_id: "sg-2",
        }),
      ),
    });
    expect(ruleIds(model, "sg-1")).toEqual([
      "sg-1/ingress/tcp/443/0.0.0.0/0",
      "sg-1/ingress/tcp/22/pl-1",
      "sgr-1",
      "sg-1/egress/all/all/sg-2",
      "sg-1/ingress/tcp/443/::/0",
      "sg-1/ingress/tcp/443/sg-9",
      "sg-1/ingress/tcp/443/sg-1",
      "sg-1/egress/all/all/0.0.0.0/0",
    ]);
    const { rules, name, vpcId, tags } = model.securityGroups.get("sg-1")!;
    expect([name, vpcId, tags.Name]).toEqual(["web", "vpc-1", "w"]);
    expect(rules[5].peer).toMatchObject({ userId: "111111111111" });
    expect(rules[5].origin.pointer).toBe("/values/root_module/resources/0/values/ingress/0");
  });

  test("a network ACL has its in-line and separate entries and the default denies, and port 0 of `-1` is ignored", async () => {
    const entry = {
      action: "allow",
      protocol: "-1",
      from_port: 0,
      to_port: 0,
      cidr_block: "0.0.0.0/0",
      ipv6_cidr_block: "",
      icmp_type: 0,
      icmp_code: 0,
    };
    const model = await snapshot({
      "state.json": state(
        resource("aws_default_network_acl.d", {
          id: "acl-1",
          vpc_id: "vpc-1",
          subnet_ids: ["subnet-1"],
          ingress: [{ ...entry, rule_no: 100 }],
          egress: [],
        }),
        resource("aws_network_acl.n", {
          id: "acl-2",
          subnet_ids: ["subnet-2"],
          ingress: [],
          egress: [{ ...entry, rule_no: 10, protocol: "6", from_port: 80, to_port: 81 }],
        }),
        resource("aws_network_acl_rule.r", {
          network_acl_id: "acl-2",
          rule_number: 20,
          egress: true,
          rule_action: "deny",
          protocol: "icmp",
          icmp_type: "8",
          icmp_code: "-1",
          cidr_block: "",
          ipv6_cidr_block: "2001:db8::/32",
        }),
        resource("aws_network_acl_association.a", { network_acl_id: "acl-2", subnet_id: "subnet-1" }),
      ),
    });
    expect(entries(model, "acl-1").slice(0, 2)).toEqual([
      "acl-1/ingress/100 allow -1 all all",
      "acl-1/ingress/* deny -1 all all",
    ]);
    expect(entries(model, "acl-2").slice(2, 4)).toEqual([
      "acl-2/egress/10 allow 6 80-81 all",
      "acl-2/egress/20 deny 1 all 8",
    ]);
    expect([...model.networkAcls.values()].map((acl) => [acl.isDefault, ...acl.subnetIds])).toEqual([
      [true],
      [false, "subnet-2", "subnet-1"],
    ]);
  });

  test("networks, interfaces and prefix lists are read from child modules and data sources", async () => {
    const inner = [
      resource("module.net.aws_subnet.a", {
        id: "subnet-1",
        vpc_id: "vpc-1",
        cidr_block: "10.0.0.0/24",
        tags: { Name: "a" },
      }),
      resource("module.net.aws_network_interface.i", {
        id: "eni-1",
        subnet_id: "subnet-1",
        private_ip: "10.0.0.4",
        private_ips: ["10.0.0.5", "10.0.0.4"],
        security_groups: ["sg-1"],
        ipv6_addresses: ["2001:db8::4"],
      }),
    ];
    const document = state(
      resource("aws_vpc.v", { id: "vpc-1", cidr_block: "10.0.0.0/16", ipv6_cidr_block: "" }),
      resource("aws_vpc_ipv4_cidr_block_association.more", { vpc_id: "vpc-1", cidr_block: "10.1.0.0/16" }),
      resource("aws_instance.app", {
        id: "i-1",
        primary_network_interface_id: "eni-2",
        subnet_id: "subnet-1",
        private_ip: "10.0.0.9",
        public_ip: "203.0.113.9",
        vpc_security_group_ids: ["sg-1"],
      }),
      resource("aws_instance.other", { id: "i-2", primary_network_interface_id: "eni-1", private_ip: "10.0.0.4" }),
      resource("aws_nat_gateway.n", {
        id: "nat-1",
        network_interface_id: "eni-3",
        subnet_id: "subnet-1",
        private_ip: "10.0.0.10",
      }),
      resource("aws_network_interface_sg_attachment.s", { network_interface_id: "eni-2", security_group_id: "sg-2" }),
      resource("aws_ec2_managed_prefix_list.p", { id: "pl-1", name: "office", entry: [{ cidr: "192.0.2.0/24" }] }),
      resource("aws_ec2_managed_prefix_list_entry.e", { prefix_list_id: "pl-1", cidr: "198.51.100.0/24" }),
      resource("data.aws_prefix_list.s3", { id: "pl-2", name: "s3", cidr_blocks: ["52.216.0.0/15"] }, "data"),
      resource("data.aws_subnet.a", { id: "subnet-1", cidr_block: "10.9.0.0/24" }, "data"),
      resource("aws_s3_bucket.b", { id: "logs" }),
    ) as { values: { root_module: object } };
    document.values.root_module = {
      ...document.values.root_module,
      child_modules: [{ address: "module.net", resources: inner }],
    };
    const model = await snapshot({ "state.json": document });
    const list = [...model.interfaces.values()].map((one) => [
      one.id,
      one.type,
      one.vpcId,
      one.instanceId,
      ...one.groupIds,
      ...one.addresses.map(formatAddress),
    ]);
    expect(list).toEqual([
      ["eni-1", "interface", "vpc-1", null, "sg-1", "10.0.0.4", "10.0.0.5", "2001:db8::4"],
      ["eni-2", "interface", "vpc-1", "i-1", "sg-1", "sg-2", "10.0.0.9"],
      ["eni-3", "natGateway", "vpc-1", null, "10.0.0.10"],
    ]);
    expect(model.vpcs.get("vpc-1")!.prefixes).toHaveLength(2);
    expect(model.subnets.get("subnet-1")).toMatchObject({ name: "a", vpcId: "vpc-1" });
    expect([...model.prefixLists.values()].map((one) => [one.id, one.name, one.entries?.length])).toEqual([
      ["pl-1", "office", 2],
      ["pl-2", "s3", 1],
    ]);
  });

  test("a state file of version 4 is read, one of version 3 is set aside", async () => {
    const v4 = {
      version: 4,
      terraform_version: "1.5.0",
      resources: [
        {
          module: "module.a",
          mode: "managed",
          type: "aws_security_group",
          name: "web",
          instances: [{ index_key: "x", attributes: { id: "sg-1", ingress: [{ ...https, ...world }] } }],
        },
      ],
    };
    const files = { "terraform.tfstate": v4, "old.tfstate": { version: 3, terraform_version: "0.11.0", modules: [] } };
    const model = await snapshot(files);
    expect(ruleIds(model, "sg-1")).toEqual(["sg-1/ingress/tcp/443/0.0.0.0/0"]);
    expect(model.securityGroups.get("sg-1")!.rules[0].origin.pointer).toBe(
      "/resources/0/instances/0/attributes/ingress/0",
    );
    expect((await notes(files))[0]).toBe(
      "Terraform state of an old version, set aside (use terraform show -json): ./old.tfstate",
    );
  });

  test("an error names file, JSON pointer and value", async () => {
    const wrong = (values: Values): Promise<string> =>
      failure({ "s.json": state(resource("aws_security_group.web", { id: "sg-1", ...values })) });
    const at = "./s.json: /values/root_module/resources/0/values";
    expect(await wrong({ ingress: [{ ...https, cidr_blocks: ["10.0.0.0/33"] }] })).toBe(
      `${at}/ingress/0/cidr_blocks/0: not a CIDR block: "10.0.0.0/33"`,
    );
    expect(await wrong({ ingress: [{ ...https, protocol: null, ...world }] })).toBe(
      `${at}/ingress/0/protocol: missing`,
    );
    expect(await wrong({ ingress: 5 })).toBe(`${at}/ingress: expected array, got 5`);
  });
});

describe("plan", () => {
  const rule = (address: string, values: Values): object => resource(address, { type: "ingress", ...https, ...values });
  const change = (address: string, actions: string[], before: Values | null): object => {
    const { type } = resource(address, {}) as { type: string };
    return { address, type, mode: "managed", change: { actions, before } };
  };
  const plan = (resources: object[], changes: object[], configuration: object = {}): object => ({
    format_version: "1.2",
    planned_values: { root_module: { resources } },
    resource_changes: changes,
    configuration: { root_module: configuration },
  });

  test("a rule that the plan removes or changes is gone, although the group still repeats it", async () => {
    const echo = [{ ...https, cidr_blocks: ["0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24"] }];
    const model = await snapshot({
      "plan.json": plan(
        [
          resource("aws_security_group.web", { id: "sg-1", ingress: echo }),
          rule("aws_security_group_rule.b", { security_group_id: "sg-1", cidr_blocks: ["10.1.0.0/16"] }),
        ],
        [
          change("aws_security_group_rule.a", ["delete"], {
            type: "ingress",
            security_group_id: "sg-1",
            ...https,
            ...world,
          }),
          change("aws_security_group_rule.b", ["delete", "create"], {
            type: "ingress",
            security_group_id: "sg-1",
            ...https,
            cidr_blocks: ["10.0.0.0/8"],
          }),
          change("aws_security_group_rule.c", ["no-op"], {
            type: "ingress",
            security_group_id: "sg-1",
            ...https,
            cidr_blocks: ["192.0.2.0/24"],
          }),
        ],
      ),
    });
    expect(ruleIds(model, "sg-1")).toEqual(["sg-1/ingress/tcp/443/10.1.0.0/16", "sg-1/ingress/tcp/443/192.0.2.0/24"]);
  });

  test("in-line rules of the configuration stay when a plan removes separate rules", async () => {
    const model = await snapshot({
      "plan.json": plan(
        [resource("aws_security_group.web", { id: "sg-1", ingress: [{ ...https, ...world }] })],
        [
          change("aws_security_group_rule.a", ["delete"], {
            type: "ingress",
            security_group_id: "sg-1",
            ...https,
            ...world,
          }),
        ],
        { resources: [{ address: "aws_security_group.web", expressions: { ingress: [{}] } }] },
      ),
    });
    expect(ruleIds(model, "sg-1")).toEqual(["sg-1/ingress/tcp/443/0.0.0.0/0"]);
  });

  test("a network ACL entry that the plan replaces has its new values", async () => {
    const entry = { protocol: "-1", cidr_block: "0.0.0.0/0", egress: false };
    const model = await snapshot({
      "plan.json": plan(
        [
          resource("aws_network_acl.n", {
            id: "acl-1",
            ingress: [
              { ...entry, rule_no: 100, action: "allow" },
              { ...entry, rule_no: 110, action: "allow" },
            ],
          }),
          resource("aws_network_acl_rule.r", {
            ...entry,
            network_acl_id: "acl-1",
            rule_number: 100,
            rule_action: "deny",
          }),
        ],
        [
          change("aws_network_acl_rule.s", ["delete"], {
            ...entry,
            network_acl_id: "acl-1",
            rule_number: 110,
            rule_action: "allow",
          }),
        ],
      ),
    });
    expect(entries(model, "acl-1").slice(0, 2)).toEqual([
      "acl-1/ingress/100 deny -1 all all",
      "acl-1/ingress/* deny -1 all all",
    ]);
  });

  test("a resource without an id before it is applied goes by its address", async () => {
    const reference = (target: string): object => ({ references: [`${target}.id`, target] });
    const expressions = {
      security_group_id: reference("aws_security_group.new"),
      source_security_group_id: reference("aws_security_group.old"),
    };
    const files = {
      "plan.json": {
        ...plan(
          [
            resource("aws_security_group.new", { name: "new" }),
            resource("aws_security_group.old", { id: "sg-1" }),
            rule("aws_security_group_rule.r[0]", {}),
            rule("aws_security_group_rule.lost", world),
          ],
          [],
          { resources: [{ address: "aws_security_group_rule.r", expressions }] },
        ),
        prior_state: {
          values: {
            root_module: {
              resources: [resource("data.aws_subnet.s", { id: "subnet-1", cidr_block: "10.0.0.0/24" }, "data")],
            },
          },
        },
      },
    };
    const model = await snapshot(files);
    expect(ruleIds(model, "aws_security_group.new")).toEqual(["aws_security_group.new/ingress/tcp/443/sg-1"]);
    expect(model.subnets.has("subnet-1")).toBe(true);
    expect((await notes(files))[0]).toBe(
      "Terraform rule without group, type or protocol (known after apply?), set aside: aws_security_group_rule.lost",
    );
  });
});

test("Terraform and describe-* JSON complete each other", async () => {
  const { notes, snapshots } = await load({
    "eni.json": { NetworkInterfaces: [{ NetworkInterfaceId: "eni-1", Groups: [{ GroupId: "sg-1" }] }] },
    "plan.json": state(resource("aws_security_group.web", { id: "sg-1", ingress: [{ ...https, ...world }] })),
  });
  expect(notes).toEqual([]);
  expect(ruleIds(snapshots[0], "sg-1")).toHaveLength(1);
});

const folderOfOthers = filesOfOthers("loading Terraform states of others");

test.skipIf(folderOfOthers === null)("Terraform states written by others load", async () => {
  const SAMPLES = join(folderOfOthers!, "aws-config-samples/terraform");
  for (const folder of readdirSync(SAMPLES)) {
    const { snapshots } = await loadModel(join(SAMPLES, folder));
    expect(snapshots[0].securityGroups.size, folder).toBeGreaterThan(3);
  }
  const driftctl = (await loadModel(join(SAMPLES, "driftctl"))).snapshots[0];
  expect(entries(driftctl, "acl-01b7bc85a61d92e70").filter((one) => !one.includes("*"))).toEqual([
    "acl-01b7bc85a61d92e70/ingress/100 allow 6 80 all",
    "acl-01b7bc85a61d92e70/egress/100 allow 17 80 all",
  ]);
});
