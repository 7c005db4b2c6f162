import type { SecurityGroupRule } from "../model/model.ts";
import { formatPeer } from "../model/security-group-rules.ts";
import { protocolName } from "../net/protocols.ts";
import { type ItemColumns, ruleText } from "./rows.ts";

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

/** A group rule in words: `ingress tcp 443 from 192.0.2.0/24`. */
export function groupRuleText(rule: SecurityGroupRule): string {
  return ruleText(Object.fromEntries(RULE_COLUMNS.map(([name, , value]) => [name, value(rule)])));
}
