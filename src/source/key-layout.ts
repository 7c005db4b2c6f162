import type { TimeWindow } from "./source.ts";

/**
 * What a key or path says by its folders: of which service it is, and of which time. Delivery of flow logs (VPC User Guide,
 * "Flow log files") writes, below any prefix, `AWSLogs/<account>/vpcflowlogs/<region>/<yyyy>/<mm>/<dd>/[<hh>/]` or its Hive
 * form `AWSLogs/aws-account-id=<account>/aws-service=vpcflowlogs/aws-region=<region>/year=<y>/month=<m>/day=<d>/[hour=<h>/]`;
 * others put an organisation or a suffix before the account.
 */
const FLOW_LOGS = /(?:^|\/)(?:aws-service=)?vpcflowlogs\/|_vpcflowlogs_/;
const ACCOUNT = /^(?:aws-account-id=)?\d+$/;
const REGION = /^[a-z]{2,3}(?:-[a-z]+)+-\d+$/;
const SERVICE = /^(?:aws-service=)?[A-Za-z][A-Za-z0-9_-]*$/;

/**
 * Whether the key or prefix belongs to something else that is delivered beside flow logs (CloudTrail, Config, load
 * balancers, ...): the folder behind an account id below `AWSLogs/` says so. What lies below a folder of that service which
 * the user has `named` is wanted.
 */
export function isOtherService(key: string, named = ""): boolean {
  if (FLOW_LOGS.test(key)) return false;
  const root = /(?:^|\/)AWSLogs\//.exec(key);
  if (root === null) return false;
  let at = root.index + root[0].length;
  const folders = key.slice(at).split("/").slice(0, -1);
  // Where accounts have other names, the first folder stands for one.
  const account = Math.max(
    0,
    folders.findIndex((folder) => ACCOUNT.test(folder)),
  );
  const service = folders[account + 1];
  if (service === undefined || !SERVICE.test(service) || REGION.test(service)) return false;
  for (let folder = 0; folder <= account + 1; folder++) at += folders[folder].length + 1;
  const isNamed = named.length >= at - 1 && `${named}/`.startsWith(key.slice(0, at));
  return !isNamed;
}

/** Whether the prefix lies above or beside any `AWSLogs/`: nothing is known about the folders below it. */
export function isUncharted(prefix: string): boolean {
  return !/(?:^|\/)AWSLogs\//.test(prefix);
}

export interface FolderSpan {
  readonly from: number;
  readonly to: number;
  readonly wholeDay: boolean;
}

const DELIVERED = /(?:^|\/)AWSLogs\/(?:[^/]+\/){1,3}?(?:vpcflowlogs|(aws-service=)vpcflowlogs)\/[^/]+\//;
const DATE = /^(?:year=)?(\d{4})\/(?:(?:month=)?(\d{2})\/(?:(?:day=)?(\d{2})\/(?:(?:hour=)?(\d{2})\/)?)?)?$/;
/** A date at the end of any other prefix: Firehose, Hive, a day or an hour in one folder. */
const FOREIGN_DATES = [
  /(?:^|\/)(20\d\d)\/(?:(0[1-9]|1[0-2])\/(?:(\d\d)\/(?:(\d\d)\/)?)?)?$/,
  /(?:^|\/)(?:year|y|yyyy)=(20\d\d)\/(?:(?:month|m|mm)=(\d{1,2})\/(?:(?:day|d|dd)=(\d{1,2})\/(?:(?:hour|h|hh)=(\d{1,2})\/)?)?)?$/,
  /(?:^|\/)(?:[A-Za-z_-]+=)?(20\d\d)-(0[1-9]|1[0-2])-(\d\d)\/(?:(?:(?:hour|h|hh)=)?(\d\d)\/)?$/,
  /(?:^|\/)(?:[A-Za-z_-]+=)?(20\d\d)-(0[1-9]|1[0-2])-(\d\d)[-T](\d\d)\/$/,
];
/** Folders that others wrote may be of any time zone, and of the time of delivery. */
const FOREIGN_MARGIN = 15 * 3600;

/** The object times below a prefix that ends in (part of) a date; null where it does not. */
export function spanOfPrefix(prefix: string): FolderSpan | null {
  const delivered = DELIVERED.exec(prefix);
  const own = delivered && DATE.exec(prefix.slice(delivered.index + delivered[0].length));
  if (own) return spanOf(own, 0);
  if (delivered) return null;
  for (const pattern of FOREIGN_DATES) {
    const date = pattern.exec(prefix);
    if (date) return spanOf(date, FOREIGN_MARGIN);
  }
  return null;
}

function spanOf(date: RegExpExecArray, margin: number): FolderSpan | null {
  const [year, month, day, hour] = date.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  if ((month ?? 1) < 1 || (month ?? 1) > 12 || (day ?? 1) < 1 || (day ?? 1) > 31 || (hour ?? 0) > 23) return null;
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
  return { from: from - margin, to: next - 1 + margin, wholeDay: day !== undefined };
}

/**
 * Below a region prefix: the longest date path that all of the window shares, so that years and months outside it need
 * no listing. Any other prefix comes back as it is.
 */
export function jumpToWindow(prefix: string, window: TimeWindow): string {
  const region = DELIVERED.exec(prefix);
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
