import { protocolName } from "../net/protocols.ts";
import type { SecurityGroupRule } from "../model/model.ts";
import { formatPeer } from "../model/security-group-rules.ts";
import type { Plain } from "../store/evidence-query.ts";
import type { ColumnTypes } from "./row-stream.ts";

/** A group rule as the columns of the view `rules`. */
export const RULE_COLUMNS: ColumnTypes = [
  ["direction", "VARCHAR"],
  ["protocol", "VARCHAR"],
  ["from_port", "INTEGER"],
  ["to_port", "INTEGER"],
  ["peer", "VARCHAR"],
  ["owner_id", "VARCHAR"],
  ["description", "VARCHAR"],
];

export function ruleCells(rule: SecurityGroupRule): Plain[] {
  return [
    rule.direction,
    protocolName(rule.protocol),
    rule.icmp?.type ?? rule.ports?.from ?? null,
    rule.icmp?.code ?? rule.ports?.to ?? null,
    formatPeer(rule.peer),
    rule.groupId,
    rule.description,
  ];
}
