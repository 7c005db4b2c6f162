import pLimit from "p-limit";
import { AppError } from "../errors.ts";
import { awsError, countRetries, s3Client } from "./aws.ts";
import { createSetAside, objectWindow, reasonToSetAside, timeInName } from "./object-name.ts";
import type { PlanOptions, SourceObject, TimeWindow } from "./source.ts";

/** Requests under way at once; S3 allows thousands a second for each prefix. */
const PARALLEL = 16;
/** More folders than this above `AWSLogs/` belong to a data lake beside the logs, which is listed flat instead. */
const MAX_UNCHARTED = 100;

/** One page of ListObjectsV2, at most 1,000 keys; `delimiter` folds what lies below the next `/` into prefixes. */
export type ListPage = (request: { prefix: string; delimiter?: "/"; token?: string }) => Promise<{
  readonly objects: readonly { readonly key: string; readonly size: number; readonly etag: string }[];
  readonly prefixes: readonly string[];
  readonly token: string | undefined;
}>;

/**
 * The flow log objects under `s3://bucket/prefix`, unordered. What lies outside the window is not listed where the
 * layout tells, so the caller still has to judge each name.
 * @throws AppError E_USAGE for a malformed URI, E_SOURCE when nothing is there or AWS refuses.
 */
export async function planS3(uri: string, options: PlanOptions): Promise<SourceObject[]> {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/i.exec(uri) ?? [];
  if (bucket === undefined) throw new AppError("E_USAGE", `no bucket in ${uri}`, { hint: "s3://bucket/prefix" });
  const list = await bucketPages(bucket, uri, options);
  const setAside = createSetAside();
  const objects: SourceObject[] = [];
  const listing = await listKeys(list, prefix, objectWindow(options), ({ key, size, etag }) => {
    const reason = isOtherService(key) ? "object of another AWS service" : reasonToSetAside(key);
    const name = `s3://${bucket}/${key}`;
    if (reason !== null) setAside.add(reason, name);
    else objects.push({ name, size, etag, time: timeInName(key), kind: "s3" });
  });
  setAside.note(options.events);
  if (objects.length === 0 && listing.pruned === 0) {
    const aside = setAside.summary();
    throw new AppError("E_SOURCE", `no flow log object under ${uri}${aside && ` (set aside: ${aside})`}`, {
      hint: /[*?[]/.test(prefix)
        ? "what follows the bucket is the beginning of keys, not a glob"
        : "check the beginning of the keys, as in s3://bucket/prefix/AWSLogs/",
    });
  }
  return objects;
}

type ListedKey = Awaited<ReturnType<ListPage>>["objects"][number];

/**
 * Lists a bucket in as few and as parallel requests as its layout allows: one request where a page holds everything,
 * else account by account and region by region down to the days inside the window.
 */
export async function listKeys(
  list: ListPage,
  prefix: string,
  window: TimeWindow,
  take: (object: ListedKey) => void,
): Promise<{ pruned: number }> {
  const limit = pLimit(PARALLEL);
  let pruned = 0;

  async function all(prefix: string, delimiter?: "/"): Promise<{ objects: ListedKey[]; prefixes: string[] }> {
    const result = { objects: [] as ListedKey[], prefixes: [] as string[] };
    let token: string | undefined;
    do {
      const request = { prefix, ...(delimiter && { delimiter }), ...(token !== undefined && { token }) };
      const page = await limit(() => list(request));
      result.objects.push(...page.objects);
      result.prefixes.push(...page.prefixes);
      token = page.token;
    } while (token !== undefined && !tooMany(prefix, result.prefixes));
    return result;
  }

  function keep(child: string): boolean {
    if (isOtherService(child)) return false;
    const span = spanOfPrefix(child);
    const outside =
      span && ((window.from !== null && span.to < window.from) || (window.to !== null && span.from > window.to));
    if (outside) pruned++;
    return !outside;
  }

  async function walk(prefix: string): Promise<void> {
    const start = jumpToWindow(prefix, window);
    if (start !== prefix) pruned++;
    const level = spanOfPrefix(start)?.wholeDay ? await all(start) : await all(start, "/");
    if (tooMany(start, level.prefixes)) return (await all(start)).objects.forEach(take);
    level.objects.forEach(take);
    await Promise.all(level.prefixes.filter(keep).map(walk));
  }

  const first = await list({ prefix });
  if (first.token === undefined) first.objects.forEach(take);
  else await walk(prefix);
  return { pruned };
}

function tooMany(prefix: string, children: readonly string[]): boolean {
  return isUncharted(prefix) && children.length > MAX_UNCHARTED;
}

async function bucketPages(bucket: string, uri: string, { aws, events }: PlanOptions): Promise<ListPage> {
  const client = await s3Client(aws);
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  return async ({ prefix, delimiter, token }) => {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      Delimiter: delimiter,
      ContinuationToken: token,
    });
    try {
      const page = await client.send(countRetries(command, `list ${uri}`, events));
      return {
        objects: (page.Contents ?? []).map((o) => ({ key: o.Key!, size: o.Size ?? 0, etag: unquoted(o.ETag!) })),
        prefixes: (page.CommonPrefixes ?? []).map((p) => p.Prefix!),
        token: page.IsTruncated ? page.NextContinuationToken : undefined,
      };
    } catch (error) {
      throw awsError(error, "s3:ListBucket", uri);
    }
  };
}

/** ETags travel in quotes; the ledger keeps them bare. */
function unquoted(etag: string): string {
  return etag.replaceAll('"', "");
}

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
function isUncharted(prefix: string): boolean {
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
