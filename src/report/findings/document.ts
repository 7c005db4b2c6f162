import type { FindingKind } from "./finding.ts";
import type { Places } from "./locations.ts";
import type { ReviewedFinding } from "./review.ts";

/** Everything that a form of findings is written from. */
export interface FindingDocument {
  /** What was looked for, whether it was found or not. */
  readonly kinds: readonly FindingKind[];
  readonly findings: readonly ReviewedFinding[];
  readonly places: Places;
  readonly toolVersion: string;
  /** When it is written; never part of an id. */
  readonly now: Date;
  /** Account (12 digits) and region of the resources; null where they are not known. */
  readonly account: string | null;
  readonly region: string | null;
}

/** Text of at most `length` UTF-16 units that does not end within a character. */
export function cut(text: string, length: number): string {
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

/** What AWS calls the resource of an id; null for addresses and the like. */
export function resourceType(id: string): { readonly arnType: string; readonly type: string } | null {
  const found = RESOURCES.find(([prefix]) => id.startsWith(prefix));
  return found === undefined ? null : { arnType: found[1], type: found[2] };
}
