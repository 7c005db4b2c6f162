import type { SecurityGroupRule } from "../model/model.ts";
import { toAwsRule, toIpPermission } from "../model/rule-json.ts";
import { safeJson, visible } from "./renderers/renderer.ts";
import { ruleCells } from "./rule-cells.ts";

/** A change of group rules for people to make, and to undo. flowreplay itself never makes it. */
export interface RuleChange {
  readonly remove: readonly SecurityGroupRule[];
  readonly add: readonly SecurityGroupRule[];
  /** One line. */
  readonly why: string;
}

/** How a change is written down. */
export const SCRIPTS = { cli: awsCliScript, terraform: terraformScript, edit: editJson } as const;
export type ScriptFormat = keyof typeof SCRIPTS;

/**
 * Commands of the AWS CLI. New rules come before old ones go, so that nothing is shut out in between. Each undo stands
 * below its commands as comments that begin with `#undo`.
 */
export function awsCliScript(changes: readonly RuleChange[], title: string): string {
  const head = [
    "#!/bin/sh",
    `# ${visible(title)}`,
    "# Nothing of this was run. To bring the old rules back, with new ids: grep '^#undo ' FILE | cut -c7- | sh",
    "set -eu",
  ];
  const parts = changes.map(({ remove, add, why }) => [
    "",
    `# ${visible(why)}`,
    ...remove.map((rule) => `# - ${visible(ruleText(rule))}`),
    ...add.map((rule) => `# + ${visible(ruleText(rule))}`),
    ...add.map(authorize),
    ...remove.map(revoke),
    ...remove.map((rule) => `#undo ${authorize(rule)}`),
    ...add.map((rule) => `#undo ${revoke(rule)}`),
  ]);
  return `${[...head, ...parts.flat()].join("\n")}\n`;
}

function authorize(rule: SecurityGroupRule): string {
  const permissions = quote(safeJson([toIpPermission(rule)]));
  return `aws ec2 authorize-security-group-${rule.direction} ${group(rule)} --ip-permissions ${permissions}`;
}

function revoke(rule: SecurityGroupRule): string {
  const what = rule.id.startsWith("sgr-")
    ? `--security-group-rule-ids ${quote(rule.id)}`
    : `--ip-permissions ${quote(safeJson([toIpPermission(rule)]))}`;
  return `aws ec2 revoke-security-group-${rule.direction} ${group(rule)} ${what}`;
}

/** With `=` an id that begins with a dash stays a value. */
function group({ groupId }: SecurityGroupRule): string {
  return `--group-id=${quote(groupId)}`;
}

/** For a POSIX shell: nothing inside single quotes is special. */
function quote(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Resources of the AWS provider for the new rules; the old ones, as comments, are to be deleted, or put back as the undo. */
export function terraformScript(changes: readonly RuleChange[], title: string): string {
  const names = new Map<string, number>();
  const block = (rule: SecurityGroupRule): string[] => resource(rule, nameOf(rule, names));
  const parts = changes.map(({ remove, add, why }) => [
    "",
    `# ${visible(why)}`,
    ...add.flatMap(block),
    ...remove.flatMap((rule) => [
      `# Delete ${visible(ruleText(rule))}, ${origin(rule)}. Undo: put this back${add.length > 0 ? ", delete the above" : ""}.`,
      ...block(rule).map((line) => `# ${line}`),
    ]),
  ]);
  return `${[`# ${visible(title)}`, "# Nothing of this was applied.", ...parts.flat()].join("\n")}\n`;
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

/** An edit for `what-if --edit`, with the edit that takes it back. */
export function editJson(changes: readonly RuleChange[], title: string): string {
  const added = changes.flatMap(({ add }) => add);
  const removed = changes.flatMap(({ remove }) => remove);
  const edit = {
    title,
    why: changes.map(({ why }) => why),
    remove: removed.map(({ id }) => id),
    add: added.map(toAwsRule),
    undo: { remove: added.map(({ id }) => id), add: removed.map(toAwsRule) },
  };
  return `${safeJson(edit)}\n`;
}

/** `sgr-…: ingress tcp 443 0.0.0.0/0 of sg-…`. */
function ruleText(rule: SecurityGroupRule): string {
  const [direction, protocol, from, to, peer, owner] = ruleCells(rule).map(String);
  const ports = rule.ports === null && rule.icmp === null ? "" : from === to ? ` ${from}` : ` ${from}-${to}`;
  return `${rule.id}: ${direction} ${protocol}${ports} ${rule.direction === "egress" ? "to" : "from"} ${peer} of ${owner}`;
}
