import type { TimeWindow } from "./source.ts";

/**
 * The key layouts of flow log delivery (VPC User Guide, "Flow log files"): below any prefix,
 * `AWSLogs/<account>/vpcflowlogs/<region>/<yyyy>/<mm>/<dd>/[<hh>/]` or its Hive form
 * `AWSLogs/aws-account-id=<account>/aws-service=vpcflowlogs/aws-region=<region>/year=<y>/month=<m>/day=<d>/[hour=<h>/]`.
 */
const REGION =
  /(?:^|\/)AWSLogs\/(?:[^/]+\/vpcflowlogs\/[^/]+|(aws-account-id=)[^/]+\/aws-service=vpcflowlogs\/[^/]+)\//;
const DATE = /^(?:year=)?(\d{4})\/(?:(?:month=)?(\d{2})\/(?:(?:day=)?(\d{2})\/(?:(?:hour=)?(\d{2})\/)?)?)?$/;
const SERVICE = /(?:^|\/)AWSLogs\/[^/]+\/([^/]+)\//;

/** Whether the key or prefix belongs to something else that is delivered beside flow logs (CloudTrail, Config, ELB…). */
export function isOtherService(key: string): boolean {
  const service = SERVICE.exec(key)?.[1];
  return service !== undefined && service !== "vpcflowlogs" && service !== "aws-service=vpcflowlogs";
}

/** Whether the prefix lies above or beside any `AWSLogs/`: nothing is known about the folders below it. */
export function isUncharted(prefix: string): boolean {
  return !/(?:^|\/)AWSLogs\//.test(prefix);
}

/** The object times below a prefix that ends in (part of) a date; null where it does not. */
export function spanOfPrefix(prefix: string): { from: number; to: number; wholeDay: boolean } | null {
  const region = REGION.exec(prefix);
  const date = region && DATE.exec(prefix.slice(region.index + region[0].length));
  if (!date) return null;
  const [year, month, day, hour] = date.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  const start = (y: number, m = 1, d = 1, h = 0): number => Date.UTC(y, m - 1, d, h) / 1000;
  const from = start(year!, month, day, hour);
  const next =
    hour !== undefined
      ? from + 3600
      : day !== undefined
        ? from + 86_400
        : month !== undefined
          ? start(year!, month + 1)
          : start(year! + 1);
  return { from, to: next - 1, wholeDay: day !== undefined };
}

/**
 * Below a region prefix: the longest date path that all of the window shares, so that years and months outside it need
 * no listing. Any other prefix comes back as it is.
 */
export function jumpToWindow(prefix: string, window: TimeWindow): string {
  const region = REGION.exec(prefix);
  if (!region || region.index + region[0].length !== prefix.length) return prefix;
  if (window.from === null || window.to === null) return prefix;
  const path = (seconds: number): string[] => new Date(seconds * 1000).toISOString().slice(0, 10).split("-");
  const [first, last] = [path(window.from), path(window.to)];
  let jumped = prefix;
  for (const [level, name] of ["year=", "month=", "day="].entries()) {
    if (first[level] !== last[level]) break;
    jumped += `${region[1] ? name : ""}${first[level]}/`;
  }
  return jumped;
}
