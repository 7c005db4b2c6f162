import * as z from "zod";

// AttributesOf of Terraform's AWS provider (hashicorp/terraform-provider-aws, website/docs/r), reduced to what the model
// holds. A plan leaves out what is known only after apply.

const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
/** Older providers write some numbers as text. */
const number = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number),
    z.literal("").transform(() => null),
  ])
  .nullish();
const flag = z.boolean().nullish();
const tags = z.record(z.string(), z.string().nullable()).nullish();
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish();

const peers = {
  cidr_blocks: texts,
  ipv6_cidr_blocks: texts,
  prefix_list_ids: texts,
  self: flag,
  description: text,
  from_port: number,
  to_port: number,
};
const protocol = z.union([z.string(), z.number()]).nullish();

const inlineRule = z.object({ ...peers, protocol, security_groups: texts });

const securityGroup = z.object({
  id: text,
  name: text,
  description: text,
  vpc_id: text,
  owner_id: text,
  tags,
  tags_all: tags,
  ingress: list(inlineRule),
  egress: list(inlineRule),
});

const securityGroupRule = z.object({
  ...peers,
  protocol,
  type: text,
  security_group_id: text,
  source_security_group_id: text,
  security_group_rule_id: text,
});

const vpcSecurityGroupRule = z.object({
  security_group_rule_id: text,
  security_group_id: text,
  ip_protocol: protocol,
  from_port: number,
  to_port: number,
  cidr_ipv4: text,
  cidr_ipv6: text,
  prefix_list_id: text,
  referenced_security_group_id: text,
  description: text,
});

const entry = {
  protocol,
  from_port: number,
  to_port: number,
  cidr_block: text,
  ipv6_cidr_block: text,
  icmp_type: number,
  icmp_code: number,
};
const inlineEntry = z.object({ ...entry, rule_no: number, action: text });

const networkAcl = z.object({
  id: text,
  vpc_id: text,
  subnet_ids: texts,
  tags,
  ingress: list(inlineEntry),
  egress: list(inlineEntry),
});

const networkAclRule = z.object({
  ...entry,
  network_acl_id: text,
  rule_number: number,
  egress: flag,
  rule_action: text,
});

const networkInterface = z.object({
  id: text,
  subnet_id: text,
  description: text,
  interface_type: text,
  private_ip: text,
  private_ips: texts,
  ipv6_addresses: texts,
  ipv4_prefixes: texts,
  ipv6_prefixes: texts,
  security_groups: texts,
  attachment: list(z.object({ instance: text })),
  tags,
});

const instance = z.object({
  id: text,
  primary_network_interface_id: text,
  subnet_id: text,
  private_ip: text,
  secondary_private_ips: texts,
  public_ip: text,
  ipv6_addresses: texts,
  vpc_security_group_ids: texts,
  tags,
});

const natGateway = z.object({
  id: text,
  network_interface_id: text,
  subnet_id: text,
  private_ip: text,
  public_ip: text,
  tags,
});

const subnet = z.object({ id: text, vpc_id: text, cidr_block: text, ipv6_cidr_block: text, tags });
const vpc = z.object({ id: text, cidr_block: text, ipv6_cidr_block: text, tags });
const prefixList = z.object({
  id: text,
  name: text,
  entry: list(z.object({ cidr: text })),
  entries: list(z.object({ cidr: text })),
  cidr_blocks: texts,
});

/** Schemas by resource type; a data source has the attributes of its resource. */
export const TERRAFORM_SHAPES = {
  aws_security_group: securityGroup,
  aws_default_security_group: securityGroup,
  aws_security_group_rule: securityGroupRule,
  aws_vpc_security_group_ingress_rule: vpcSecurityGroupRule,
  aws_vpc_security_group_egress_rule: vpcSecurityGroupRule,
  aws_network_acl: networkAcl,
  aws_default_network_acl: networkAcl,
  aws_network_acl_rule: networkAclRule,
  aws_network_acl_association: z.object({ network_acl_id: text, subnet_id: text }),
  aws_network_interface: networkInterface,
  aws_network_interface_sg_attachment: z.object({ network_interface_id: text, security_group_id: text }),
  aws_instance: instance,
  aws_nat_gateway: natGateway,
  aws_subnet: subnet,
  aws_default_subnet: subnet,
  aws_vpc: vpc,
  aws_default_vpc: vpc,
  aws_vpc_ipv4_cidr_block_association: z.object({ vpc_id: text, cidr_block: text }),
  aws_ec2_managed_prefix_list: prefixList,
  aws_prefix_list: prefixList,
  aws_ec2_managed_prefix_list_entry: z.object({ prefix_list_id: text, cidr: text }),
  aws_vpc_peering_connection: z.object({ id: text, accept_status: text }),
} as const;

export type TerraformType = keyof typeof TERRAFORM_SHAPES;
export type AttributesOf<T extends TerraformType> = z.output<(typeof TERRAFORM_SHAPES)[T]>;
export type InlineRule = z.output<typeof inlineRule>;
export type InlineEntry = z.output<typeof inlineEntry>;
