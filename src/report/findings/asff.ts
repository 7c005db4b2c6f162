import type { Severity } from "../../analysis/lint/finding.ts";
import { AppError } from "../../errors.ts";
import { jsonArray } from "../renderers/formats.ts";
import { visible } from "../renderers/renderer.ts";
import type { Finding, FindingClass } from "./finding.ts";
import type { FindingDocument, ReviewedFinding } from "./review.ts";

const LABELS: Readonly<Record<Severity, string>> = {
  info: "INFORMATIONAL",
  low: "LOW",
  medium: "MEDIUM",
  high: "HIGH",
};
/** `namespace/category/classifier`; without a type, the import drops a finding. */
const TYPES: Readonly<Record<FindingClass, string>> = {
  compliance: "Software and Configuration Checks/AWS Security Best Practices/Network Reachability",
  detection: "Unusual Behaviors/Network Flow",
};

/**
 * AWS Security Finding Format (schema version 2018-10-08), one array, a finding a line; `BatchImportFindings` takes 100
 * at a time. Lengths are those of the Security Hub API reference, AwsSecurityFinding.
 * @throws AppError E_USAGE without account and region, which every finding must have.
 */
export async function* renderAsff(document: FindingDocument): AsyncGenerator<string> {
  const { account, region } = document;
  const missing = account === null ? "--account" : region === null ? "--region" : null;
  if (account === null || region === null) {
    throw new AppError("E_USAGE", `asff needs ${missing}: the evidence does not say which one it is`, {
      hint: `give ${missing} ${missing === "--account" ? "with 12 digits" : "such as eu-central-1"}`,
    });
  }
  yield* jsonArray([document.findings.map((one) => findingOf(one, document, account, region))]);
}

/** JSON leaves out what is undefined. */
function findingOf(
  { finding, kind, exemption, baseline }: ReviewedFinding,
  { now, toolVersion }: FindingDocument,
  account: string,
  region: string,
): object {
  const partition = partitionOf(region);
  const arn = `arn:${partition}:securityhub:${region}:${account}:product/${account}/default`;
  const time = now.toISOString();
  const gone = baseline === "gone";
  return {
    SchemaVersion: "2018-10-08",
    Id: `${arn}/flowreplay/${finding.id}`,
    ProductArn: arn,
    GeneratorId: `flowreplay/${finding.check}`,
    AwsAccountId: account,
    Types: [TYPES[kind.class]],
    CreatedAt: time,
    UpdatedAt: time,
    FirstObservedAt: finding.firstSeen ?? undefined,
    LastObservedAt: finding.lastSeen ?? undefined,
    Severity: { Label: LABELS[finding.state === "fail" && !gone ? finding.severity : "info"] },
    Title: cut(visible(kind.title), 256),
    Description: cut(visible(finding.message), 1024),
    ProductFields: {
      "flowreplay/check": finding.check,
      "flowreplay/finding": finding.id,
      "flowreplay/version": toolVersion,
      "flowreplay/rules": joined(finding.ruleIds),
      "flowreplay/covered-by": joined(finding.coveringRuleIds),
      "flowreplay/baseline": baseline ?? undefined,
    },
    Resources: resourcesOf(finding, account, region, partition),
    Compliance:
      kind.class === "compliance"
        ? { Status: gone ? "PASSED" : finding.state === "fail" ? "FAILED" : "NOT_AVAILABLE" }
        : undefined,
    Workflow: { Status: gone ? "RESOLVED" : exemption === null ? "NEW" : "SUPPRESSED" },
    RecordState: gone ? "ARCHIVED" : "ACTIVE",
    Note: exemption
      ? {
          Text: cut(visible(`${exemption.reason} (until ${exemption.expires})`), 512),
          UpdatedBy: cut(visible(exemption.owner), 512),
          UpdatedAt: time,
        }
      : undefined,
  };
}

function joined(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : cut(visible(values.join(" ")), 2048);
}

/** Between 1 and 32 resources; a finding without resources is about the account. */
function resourcesOf({ resourceIds }: Finding, account: string, region: string, partition: string): object[] {
  const where = { Partition: partition, Region: region };
  if (resourceIds.length === 0) return [{ Type: "AwsAccount", Id: `AWS::::Account:${account}`, ...where }];
  return resourceIds.slice(0, 32).map((id) => {
    const known = resourceType(id);
    return known === null
      ? { Type: "Other", Id: cut(visible(id), 512), ...where }
      : { Type: known.type, Id: `arn:${partition}:ec2:${region}:${account}:${known.arnType}/${id}`, ...where };
  });
}

/** Text of at most `length` UTF-16 units that does not end within a character. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const short = text.slice(0, length - 1);
  const last = short.charCodeAt(short.length - 1);
  return `${last >= 0xd800 && last < 0xdc00 ? short.slice(0, -1) : short}…`;
}

/** `aws`, `aws-cn` or `aws-us-gov`, by the region. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

const RESOURCES: readonly (readonly [prefix: string, arnType: string, type: string])[] = [
  ["sg-", "security-group", "AwsEc2SecurityGroup"],
  ["acl-", "network-acl", "AwsEc2NetworkAcl"],
  ["eni-", "network-interface", "AwsEc2NetworkInterface"],
];

/** The AWS type of the resource of an id; null for addresses and the like. */
export function resourceType(id: string): { readonly arnType: string; readonly type: string } | null {
  const found = RESOURCES.find(([prefix]) => id.startsWith(prefix));
  return found === undefined ? null : { arnType: found[1], type: found[2] };
}
