import type { SecurityGroupRule } from "../model/model.ts";
import { formatPeer } from "../model/security-group-rules.ts";
import { protocolName } from "../net/protocols.ts";
import type { Plain } from "../store/evidence-query.ts";
import type { ItemColumns, Row } from "./rows.ts";

/** A group rule as columns of the view `rules`. */
const RULE_COLUMNS: ItemColumns<SecurityGroupRule> = [
  ["direction", "VARCHAR", (rule) => rule.direction],
  ["protocol", "VARCHAR", (rule) => protocolName(rule.protocol)],
  ["from_port", "INTEGER", (rule) => rule.icmp?.type ?? rule.ports?.from ?? null],
  ["to_port", "INTEGER", (rule) => rule.icmp?.code ?? rule.ports?.to ?? null],
  ["peer", "VARCHAR", (rule) => formatPeer(rule.peer)],
  ["owner_id", "VARCHAR", (rule) => rule.groupId],
  ["description", "VARCHAR", (rule) => rule.description],
];

/** The same columns for items that have a rule. */
export function ruleColumnsOf<T extends { readonly rule: SecurityGroupRule }>(): ItemColumns<T> {
  return RULE_COLUMNS.map(([name, type, value]) => [name, type, ({ rule }) => value(rule)]);
}

/** A row of the view `rules` in the words of the AWS console: `ingress tcp 443 from 0.0.0.0/0`, `deny egress all to …`. */
export function ruleText({ direction, action, protocol, from_port: from, to_port: to, peer }: Row): string {
  const deny = action === "deny" ? "deny " : "";
  const toward = direction === "egress" ? "to" : "from";
  return `${deny}${direction} ${protocol}${portText(String(protocol), from, to)} ${toward} ${peer}`;
}

/** The same for a group rule of the model: `ingress tcp 443 from 192.0.2.0/24`. */
export function groupRuleText(rule: SecurityGroupRule): string {
  return ruleText(Object.fromEntries(RULE_COLUMNS.map(([name, , value]) => [name, value(rule)])));
}

/** ` 443`, ` 8000-8010`; of ICMP the type, ` 3`, or type and code, ` 3/4`; nothing where every port matches. */
function portText(protocol: string, from: Plain | undefined, to: Plain | undefined): string {
  if (from === null || from === undefined || Number(from) < 0) return "";
  if (protocol.startsWith("icmp")) return Number(to) < 0 ? ` ${from}` : ` ${from}/${to}`;
  return from === to ? ` ${from}` : ` ${from}-${to}`;
}
