import type { SecurityGroupRule, Snapshot } from "../model/model.ts";
import { toAwsRule, toIpPermission } from "../model/rule-json.ts";
import { plural } from "../text.ts";
import { safeJson, visible } from "./renderers/renderer.ts";
import { groupRuleText } from "./rule-text.ts";

/** A change of group rules for people to apply and to undo. flowreplay itself never applies it. */
export interface RuleChange {
  readonly remove: readonly SecurityGroupRule[];
  readonly add: readonly SecurityGroupRule[];
  /** One line. */
  readonly why: string;
  /** For which time the log shows what the rules to remove admitted. */
  readonly window?: string | null;
}

/** By the name that `--output` takes. */
export const SCRIPTS = { cli: awsCliScript, terraform: terraformScript, edit: editJson } as const;
export type ScriptFormat = keyof typeof SCRIPTS;

/**
 * Commands of the AWS CLI. New rules are added before old ones are removed, so that nothing is shut out in between. The undo
 * of each change follows as comments that begin with `#undo`.
 */
function awsCliScript(changes: readonly RuleChange[], title: string): string {
  const head = [
    "#!/bin/sh",
    `# ${visible(title)}`,
    "# Nothing was run yet. To restore the old rules, with new ids: grep '^#undo ' FILE | cut -c7- | sh",
    "set -eu",
  ];
  const parts = changes.map(({ remove, add, ...change }) => [
    "",
    ...reasonLines(change),
    ...remove.map((rule) => `# - ${ruleLine(rule)}`),
    ...add.map((rule) => `# + ${ruleLine(rule)}`),
    ...add.map(authorize),
    ...remove.map(revoke),
    ...remove.map((rule) => `#undo ${authorize(rule)}`),
    ...add.map((rule) => `#undo ${revoke(rule)}`),
  ]);
  return `${[...head, ...parts.flat()].join("\n")}\n`;
}

/** Why, and what was seen for how long, as comments. */
export function reasonLines({ why, window }: Omit<RuleChange, "remove" | "add">): string[] {
  return [`# ${visible(why)}`, ...(window ? [`# Window: ${visible(window)}`] : [])];
}

export function authorize(rule: SecurityGroupRule): string {
  const permissions = quote(safeJson([toIpPermission(rule)]));
  return `aws ec2 authorize-security-group-${rule.direction} ${group(rule)} --ip-permissions ${permissions}`;
}

export function revoke(rule: SecurityGroupRule): string {
  const what = rule.id.startsWith("sgr-")
    ? `--security-group-rule-ids ${quote(rule.id)}`
    : `--ip-permissions ${quote(safeJson([toIpPermission(rule)]))}`;
  return `aws ec2 revoke-security-group-${rule.direction} ${group(rule)} ${what}`;
}

/** With `=`, an id that begins with a dash is still a value. */
function group({ groupId }: SecurityGroupRule): string {
  return `--group-id=${quote(groupId)}`;
}

/** For a POSIX shell: nothing inside single quotes is special. */
export function quote(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Terraform resources for the new rules. The old ones follow as comments: delete them, or put them back as the undo. */
function terraformScript(changes: readonly RuleChange[], title: string): string {
  const block = resourceBlocks();
  const parts = changes.map(({ remove, add, ...change }) => [
    "",
    ...reasonLines(change),
    ...add.flatMap(block),
    ...remove.flatMap((rule) => deletion(rule, block(rule), add.length > 0)),
  ]);
  return `${[`# ${visible(title)}`, "# Nothing was applied yet.", ...parts.flat()].join("\n")}\n`;
}

/** What to delete, as comments: Terraform removes what is no longer there. */
export function deletion(rule: SecurityGroupRule, block: readonly string[], replaced: boolean): string[] {
  return [
    `# Delete ${ruleLine(rule)}, ${origin(rule)}. Undo: put this back${replaced ? ", delete the above" : ""}.`,
    ...block.map((line) => `# ${line}`),
  ];
}

/** Resource blocks, each with a name of its own. */
export function resourceBlocks(): (rule: SecurityGroupRule) => string[] {
  const names = new Map<string, number>();
  return (rule) => resource(rule, nameOf(rule, names));
}

function resource(rule: SecurityGroupRule, name: string): string[] {
  const { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo, Description } =
    toAwsRule(rule);
  const ports = rule.ports !== null || rule.icmp !== null || IpProtocol === "tcp" || IpProtocol === "udp";
  const fields: [string, string | number | undefined][] = [
    ["security_group_id", rule.groupId],
    ["description", Description],
    ["ip_protocol", IpProtocol],
    ["from_port", ports ? FromPort : undefined],
    ["to_port", ports ? ToPort : undefined],
    ["cidr_ipv4", CidrIpv4],
    ["cidr_ipv6", CidrIpv6],
    ["prefix_list_id", PrefixListId],
    ["referenced_security_group_id", referenced(ReferencedGroupInfo)],
  ];
  return [
    `resource "aws_vpc_security_group_${rule.direction}_rule" "${name}" {`,
    ...fields.flatMap(([field, value]) => (value === undefined ? [] : [`  ${field.padEnd(28)} = ${hcl(value)}`])),
    "}",
  ];
}

/** A group of another account is written `account/sg-…`. */
function referenced(group: ReturnType<typeof toAwsRule>["ReferencedGroupInfo"]): string | undefined {
  if (group === undefined) return undefined;
  return group.UserId !== undefined && group.VpcPeeringConnectionId !== undefined
    ? `${group.UserId}/${group.GroupId}`
    : group.GroupId;
}

/** In a template, `${` and `%{` would begin an expression. */
function hcl(value: string | number): string {
  return typeof value === "number" ? String(value) : safeJson(value).replace(/[$%](?=\{)/g, (mark) => mark + mark);
}

function nameOf(rule: SecurityGroupRule, names: Map<string, number>): string {
  const { IpProtocol, FromPort } = toAwsRule(rule);
  const what = IpProtocol === "-1" ? "all" : FromPort < 0 ? IpProtocol : `${IpProtocol}_${FromPort}`;
  const base = `${rule.groupId}_${rule.direction}_${what}`.replace(/[^\w]/g, "_");
  const count = (names.get(base) ?? 0) + 1;
  names.set(base, count);
  return count === 1 ? base : `${base}_${count}`;
}

function origin({ origin: { file, pointer } }: SecurityGroupRule): string {
  return `read from ${visible(file)}${visible(pointer)}`;
}

/** An edit for `what-if --edit`, with the edit that undoes it. */
function editJson(changes: readonly RuleChange[], title: string): string {
  const added = changes.flatMap(({ add }) => add);
  const removed = changes.flatMap(({ remove }) => remove);
  const edit = {
    title,
    why: changes.map(({ why, window }) => (window ? `${why}; window ${window}` : why)),
    remove: removed.map(({ id }) => id),
    add: added.map(toAwsRule),
    undo: { remove: added.map(({ id }) => id), add: removed.map(toAwsRule) },
  };
  return `${safeJson(edit)}\n`;
}

/** `sgr-…: ingress tcp 443 from 0.0.0.0/0 of sg-…`. */
export function ruleLine(rule: SecurityGroupRule): string {
  return visible(`${rule.id}: ${groupRuleText(rule)} of ${rule.groupId}`);
}

/** Default quota of rules per group, direction and address family (VPC guide, "Amazon VPC quotas"). */
const QUOTA = 60;

/** A line for every group that would exceed the default quota of rules per direction and address family. */
export function quotaNotes(
  snapshot: Snapshot | undefined,
  edit: { readonly remove: readonly string[]; readonly add: readonly SecurityGroupRule[] },
): string[] {
  const gone = new Set(edit.remove);
  return [...new Set(edit.add.map(({ groupId }) => groupId))].flatMap((id) => {
    const left = snapshot?.securityGroups.get(id)?.rules.filter((rule) => !gone.has(rule.id)) ?? [];
    const rules = [...left, ...edit.add.filter(({ groupId }) => groupId === id)];
    return (["ingress", "egress"] as const).flatMap((direction) => {
      const count = Math.max(
        ...[1, 2].map((family) => rules.filter((rule) => isInFamily(rule, direction, family)).length),
      );
      if (count <= QUOTA) return [];
      return [
        `${id} would have ${plural(count, `${direction} rule`)}; AWS's default quota is ${QUOTA} per direction and address family`,
      ];
    });
  });
}

/** A reference counts for both families. */
function isInFamily({ direction, peer }: SecurityGroupRule, wanted: string, family: number): boolean {
  return direction === wanted && (peer.kind !== "cidr" || peer.prefix.family === family);
}
