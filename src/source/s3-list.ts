import pLimit from "p-limit";
import { AppError } from "../errors.ts";
import { awsError, countRetries, s3Client } from "./aws.ts";
import { keyGlob } from "./key-glob.ts";
import { isOtherService, isUncharted, jumpToWindow, spanOfPrefix } from "./key-layout.ts";
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
  const glob = keyGlob(prefix);
  const start = glob?.prefix ?? prefix;
  const filter: KeyFilter = {
    wanted(below) {
      if (glob !== null && !glob.mayMatchBelow(below)) return false;
      if (!isOtherService(below, prefix)) return true;
      setAside.add("folder of another AWS service", `s3://${bucket}/${below}`);
      return false;
    },
  };
  const listing = await listKeys(
    list,
    start,
    objectWindow(options),
    ({ key, size, etag }) => {
      if (glob !== null && !glob.matches(key)) return;
      const reason = isOtherService(key, prefix) ? "object of another AWS service" : reasonToSetAside(key);
      const name = `s3://${bucket}/${key}`;
      if (reason !== null) setAside.add(reason, name);
      else objects.push({ name, size, etag, time: timeInName(key), kind: "s3" });
    },
    filter,
  );
  setAside.note(options.events);
  if (objects.length === 0 && listing.pruned === 0) {
    const aside = setAside.summary();
    throw new AppError("E_SOURCE", `no flow log object under ${uri}${aside && ` (set aside: ${aside})`}`, {
      hint:
        glob === null
          ? "check the beginning of the keys, as in s3://bucket/prefix/AWSLogs/"
          : "* stays inside a folder, ** goes through all of them, {a,b} chooses; without them it is the beginning of keys",
    });
  }
  return objects;
}

/** Which folders are gone through at all. */
export interface KeyFilter {
  wanted(prefix: string): boolean;
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
  filter: KeyFilter = { wanted: (below) => !isOtherService(below, prefix) },
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
    if (!filter.wanted(child)) return false;
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
