import { formatPrefix, IPV4 } from "../net/address.ts";
import { hasPorts, isIcmp, protocolName } from "../net/protocols.ts";
import type { SecurityGroupRule } from "./model.ts";

/** A rule in the shape of the AWS API. */
export interface AwsRule {
  readonly GroupId: string;
  readonly IsEgress: boolean;
  readonly IpProtocol: string;
  readonly FromPort: number;
  readonly ToPort: number;
  readonly CidrIpv4?: string;
  readonly CidrIpv6?: string;
  readonly PrefixListId?: string;
  readonly ReferencedGroupInfo?: {
    readonly GroupId: string;
    readonly UserId?: string;
    readonly VpcPeeringConnectionId?: string;
  };
  readonly Description?: string;
}

/** A rule as in describe-security-group-rules, without the id. `parseNewRules` reads it back. */
export function toAwsRule(rule: SecurityGroupRule): AwsRule {
  return {
    GroupId: rule.groupId,
    IsEgress: rule.direction === "egress",
    ...service(rule),
    ...peer(rule),
    ...(rule.description !== "" && { Description: rule.description }),
  };
}

/** A rule as `--ip-permissions` of authorize-security-group-ingress and similar commands takes it. */
export function toIpPermission(rule: SecurityGroupRule): Record<string, unknown> {
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo } = peer(rule);
  const description = rule.description === "" ? {} : { Description: rule.description };
  return {
    ...service(rule),
    ...(CidrIpv4 !== undefined && { IpRanges: [{ CidrIp: CidrIpv4, ...description }] }),
    ...(CidrIpv6 !== undefined && { Ipv6Ranges: [{ CidrIpv6, ...description }] }),
    ...(PrefixListId !== undefined && { PrefixListIds: [{ PrefixListId, ...description }] }),
    ...(ReferencedGroupInfo !== undefined && { UserIdGroupPairs: [{ ...ReferencedGroupInfo, ...description }] }),
  };
}

function service({ protocol, ports, icmp }: SecurityGroupRule): Pick<AwsRule, "IpProtocol" | "FromPort" | "ToPort"> {
  if (hasPorts(protocol)) {
    return { IpProtocol: protocolName(protocol), FromPort: ports?.from ?? 0, ToPort: ports?.to ?? 65_535 };
  }
  if (isIcmp(protocol)) {
    return { IpProtocol: protocolName(protocol), FromPort: icmp?.type ?? -1, ToPort: icmp?.code ?? -1 };
  }
  return { IpProtocol: String(protocol), FromPort: -1, ToPort: -1 };
}

function peer({
  peer: one,
}: SecurityGroupRule): Pick<AwsRule, "CidrIpv4" | "CidrIpv6" | "PrefixListId" | "ReferencedGroupInfo"> {
  if (one.kind === "prefix-list") return { PrefixListId: one.id };
  if (one.kind === "cidr") {
    return one.prefix.family === IPV4 ? { CidrIpv4: formatPrefix(one.prefix) } : { CidrIpv6: formatPrefix(one.prefix) };
  }
  return {
    ReferencedGroupInfo: {
      GroupId: one.id,
      ...(one.userId !== null && { UserId: one.userId }),
      ...(one.peeringId !== null && { VpcPeeringConnectionId: one.peeringId }),
    },
  };
}
