import type { Origin } from "../../model/model.ts";

/** The most severe first. */
export const SEVERITIES = ["high", "medium", "low", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A finding about the configuration alone, without traffic. */
export interface LintFinding {
  readonly check: CheckId;
  readonly severity: Severity;
  /** The group, network ACL or interface it is about. */
  readonly subjectId: string;
  /** The rules or entries it is about; empty when it is about the subject itself. */
  readonly ruleIds: readonly string[];
  /** The rules or entries that together do what `ruleIds` do, or that prevent it. */
  readonly coveringRuleIds: readonly string[];
  /** Distinguishes findings of one check about the same rules: a protocol, a family, a group. */
  readonly detail?: string;
  readonly message: string;
  readonly origin: Origin;
}

/** A finding about the subject itself, unless `more` names rules. */
export function lintFinding(
  check: CheckId,
  severity: Severity,
  subject: { readonly id: string; readonly origin: Origin },
  message: string,
  more: Partial<LintFinding> = {},
): LintFinding {
  const { id: subjectId, origin } = subject;
  return { check, severity, subjectId, ruleIds: [], coveringRuleIds: [], message, origin, ...more };
}

export type CheckId = keyof typeof CHECKS;

/** What each check looks for. */
export const CHECKS = {
  "nacl-entry-shadowed":
    "Entries that earlier ones keep from deciding anything, at least one of them with another action",
  "nacl-entry-redundant": "Entries whose traffic earlier ones decide the same way",
  "nacl-return-range": "Entries that let connections begin whose replies the other direction denies",
  "nacl-unattached": "Network ACLs without a subnet",
  "sg-rule-duplicate": "Rules that allow exactly what another rule of the group allows",
  "sg-rule-implied": "Rules whose traffic other rules of the group allow",
  "sg-rule-implied-across-groups": "Rules whose traffic other groups of the same interfaces allow, on every interface",
  "sg-rule-implied-today": "Rules whose traffic others allow given today's group members and prefix list entries",
  "sg-unattached": "Groups on no interface",
  "sg-default-in-use": "Default groups on an interface",
  "dangling-reference":
    "References to groups, prefix lists and network ACLs that match nothing or are not in the model",
  "admin-port-open": "Administration and database ports open to the world",
  "wide-port-range": "Ingress rules with more ports than a service has",
  "cidr-out-of-reach": "Private blocks that no range and no route of the VPC leads to",
  "missing-description": "Groups and rules without a description",
} as const;
