import { ALL_PROTOCOLS } from "../../net/protocols.ts";
import type { SecurityGroup, SecurityGroupRule, Snapshot } from "../model.ts";
import type { Finding } from "./finding.ts";

/** Descriptions that tools fill in when nobody wrote one. */
const PLACEHOLDERS = new Set(["", "Managed by Terraform"]);

/** Groups, and rules of each group, that do not say what they are for. Default groups and AWS's own rule are left out. */
export function* missingDescriptions(snapshot: Snapshot): Generator<Finding> {
  for (const group of snapshot.securityGroups.values()) {
    if (group.name === "default") continue;
    if (PLACEHOLDERS.has(group.description)) {
      yield silent(group, [], "the group has no description of its own", group.origin);
    }
    const rules = group.rules.filter((rule) => rule.description === "" && !isDefaultEgress(rule));
    if (rules.length === 0) continue;
    const text = `${rules.length} of ${group.rules.length} rules have no description`;
    yield silent(
      group,
      rules.map((rule) => rule.id),
      text,
      rules[0].origin,
    );
  }
}

function silent(group: SecurityGroup, ruleIds: string[], message: string, origin: Finding["origin"]): Finding {
  return {
    check: "missing-description",
    severity: "info",
    subjectId: group.id,
    ruleIds,
    coveringRuleIds: [],
    message,
    origin,
  };
}

/** The allow-all egress rule that AWS gives every new group. */
function isDefaultEgress({ direction, protocol, peer }: SecurityGroupRule): boolean {
  return direction === "egress" && protocol === ALL_PROTOCOLS && peer.kind === "cidr" && peer.prefix.length === 0;
}
