import { isIP } from "node:net";
import type { Severity } from "../../analysis/lint/finding.ts";
import { jsonArray } from "../renderers/formats.ts";
import { visible } from "../renderers/renderer.ts";
import { partitionOf, resourceType } from "./asff.ts";
import type { Finding } from "./finding.ts";
import { type FindingDocument, justification, type ReviewedFinding } from "./review.ts";

/** OCSF 1.5.0, https://schema.ocsf.io/1.5.0/classes/compliance_finding and detection_finding. */
const VERSION = "1.5.0";
const CLASSES = {
  compliance: { uid: 2003, name: "Compliance Finding" },
  detection: { uid: 2004, name: "Detection Finding" },
} as const;
const SEVERITIES: Readonly<Record<Severity, readonly [number, string]>> = {
  info: [1, "Informational"],
  low: [2, "Low"],
  medium: [3, "Medium"],
  high: [4, "High"],
};

/** One array of Compliance Findings (class 2003) and Detection Findings (2004) of OCSF 1.5.0, an event a line. */
export function renderOcsf(document: FindingDocument): AsyncGenerator<string> {
  return jsonArray([document.findings.map((one) => eventOf(one, document))]);
}

/** JSON leaves out what is undefined. */
function eventOf({ finding, kind, exemption, baseline }: ReviewedFinding, document: FindingDocument): object {
  const { now, account, region, toolVersion } = document;
  const event = CLASSES[kind.class];
  const [activity, activityName] =
    baseline === "gone" ? [3, "Close"] : baseline === "still" ? [2, "Update"] : [1, "Create"];
  const [severity, severityName] = SEVERITIES[finding.state === "fail" ? finding.severity : "info"];
  const [status, statusName] =
    baseline === "gone" ? [4, "Resolved"] : exemption !== null ? [3, "Suppressed"] : [1, "New"];
  const message = visible(finding.message);
  return {
    class_uid: event.uid,
    class_name: event.name,
    category_uid: 2,
    category_name: "Findings",
    activity_id: activity,
    activity_name: activityName,
    type_uid: event.uid * 100 + activity,
    type_name: `${event.name}: ${activityName}`,
    time: now.getTime(),
    severity_id: severity,
    severity: severityName,
    status_id: status,
    status: statusName,
    comment: exemption ? visible(justification(exemption)) : undefined,
    message,
    count: finding.occurrences,
    metadata: {
      version: VERSION,
      profiles: ["cloud"],
      product: { name: "flowreplay", vendor_name: "flowreplay", version: toolVersion },
    },
    cloud: {
      provider: "AWS",
      region: region ?? undefined,
      cloud_partition: region === null ? undefined : partitionOf(region),
      account: account === null ? undefined : { uid: account, type: "AWS Account", type_id: 10 },
    },
    finding_info: {
      uid: finding.id,
      title: kind.title,
      desc: message,
      types: [finding.check],
      analytic: { uid: finding.check, name: kind.title, type: "Rule", type_id: 1 },
      first_seen_time: milliseconds(finding.firstSeen),
      last_seen_time: milliseconds(finding.lastSeen),
    },
    resources: [...finding.resourceIds, ...finding.ruleIds].map((uid) => resourceOf(uid, document)),
    ...(kind.class === "compliance"
      ? { compliance: complianceOf(finding), unmapped: { row: finding.row } }
      : { evidences: [evidenceOf(finding)] }),
  };
}

/** `open` is Unknown: what the evidence cannot decide has not passed. */
function complianceOf(finding: Finding): object {
  const [id, name] = finding.state === "fail" ? [3, "Fail"] : [0, "Unknown"];
  return { control: finding.check, standards: ["flowreplay"], status_id: id, status: name };
}

function evidenceOf({ row }: Finding): object {
  const endpoint = (...columns: string[]): object | undefined => {
    const ip = columns.map((column) => row[column]).find((value) => typeof value === "string" && isIP(value) > 0);
    return ip === undefined ? undefined : { ip };
  };
  return { src_endpoint: endpoint("source", "srcaddr"), dst_endpoint: endpoint("dstaddr", "server"), data: row };
}

/** Unix time; undefined if the text is no time. */
function milliseconds(text: string | null): number | undefined {
  const value = Date.parse(text ?? "");
  return Number.isNaN(value) ? undefined : value;
}

function resourceOf(uid: string, { locations, region }: FindingDocument): object {
  return {
    uid: visible(uid),
    type: resourceType(uid)?.type ?? (isIP(uid) > 0 ? "IP Address" : "Rule"),
    region: region ?? undefined,
    data: locations.get(uid),
  };
}
