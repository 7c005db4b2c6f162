import type { LogStream } from "@aws-sdk/client-cloudwatch-logs";
import { AppError } from "../errors.ts";
import { awsError, countRetries, ec2Client, logsClient, serverClock } from "./aws.ts";
import type { PlanOptions, SourceObject } from "./source.ts";

/** An object of a log group is an hour of event time, on the hour, UTC. Why: README.md. */
export const SLICE_MS = 3_600_000;
/** An hour stays open for late events this long after its end; flow logs lag five minutes as a rule, at times an hour. */
export const OPEN_MS = 3_600_000;
/** What CloudWatch took in this recently may not be found by a search yet. */
const SETTLE_MS = 60_000;
/** How far the last event that a stream tells of may lie behind: an hour as a rule, "in rare situations" more. */
const STREAM_LAG_MS = 6 * SLICE_MS;
/** A record starts at most one aggregation interval before it ends, and both may be a minute off. */
const RECORD_MS = 660_000;

/**
 * The objects of `cloudwatch://log-group`, or `cloudwatch://log-group:stream-prefix`: an hour of event time each
 * (README.md), between the first and last event of its streams and inside `--from`/`--to`.
 * @throws AppError E_USAGE for a malformed URI, E_SOURCE when nothing is there or AWS refuses.
 */
export async function planCloudWatch(
  uri: string,
  options: PlanOptions,
): Promise<{ objects: SourceObject[]; known: number }> {
  const { group, streams, now } = await describeStreams(parseGroup(uri), uri, options);
  if (streams.length === 0) {
    const hint = "name the prefix of its streams: cloudwatch://log-group:prefix";
    throw new AppError("E_SOURCE", `no stream ${group.streams}* in ${uri}`, { hint });
  }
  const first = options.from === undefined ? 0 : options.from * 1000 - RECORD_MS;
  const last = Math.min(now, options.to === undefined ? Infinity : options.to * 1000 + RECORD_MS);
  // What a stream tells of its events comes late; of a young one it may be nothing yet.
  const stretches = streams.map(({ creationTime = 0, ...stream }) => ({
    from: Math.max(first, stream.firstEventTimestamp ?? creationTime - STREAM_LAG_MS),
    to: Math.min(last, (stream.lastIngestionTime ?? stream.lastEventTimestamp ?? creationTime) + STREAM_LAG_MS),
  }));
  const slices = slicesOf(stretches);
  const whole = slices.filter((start) => start + SLICE_MS + OPEN_MS <= now - SETTLE_MS);
  if (!options.ingested && whole.length < slices.length) {
    options.events.note(`left out of ${uri}: the last two hours, which are still filling`);
  }
  const cursors = cursorsOf((await options.ingested?.(groupPrefix(group))) ?? []);
  const fields = options.fields ?? (await fieldsOfGroup(group.group, options));
  const objects = (options.ingested ? slices : whole)
    .map((start) => sliceObject(group, start, now, cursors))
    .filter((object) => object !== null)
    .map((object) => (fields === undefined ? object : { ...object, fields }));
  return { objects, known: slices.filter((start) => cursors.has(sliceName(group, start))).length };
}

/** `cloudwatch://group` or `cloudwatch://group:stream-prefix`; a group's name may begin with a slash and hold some. */
export function parseGroup(uri: string): Group {
  const [, group, streams = FLOW_LOG_STREAMS] = /^cloudwatch:\/\/([\w/.#-]{1,512})(?::([^:*]*))?$/i.exec(uri) ?? [];
  if (group !== undefined) return { group, streams, place: "" };
  throw new AppError("E_USAGE", `not a log group: ${uri}`, {
    hint: "cloudwatch://log-group, as in cloudwatch:///aws/vpc/flow",
  });
}

/**
 * The streams of the group, `limit` of them or all, the group with its place, which their ARNs tell, and CloudWatch's
 * clock in milliseconds: the one that its ingestion times are from.
 */
export async function describeStreams(
  group: Group,
  uri: string,
  { aws, events }: PlanOptions,
  limit?: number,
): Promise<{ group: Group; streams: LogStream[]; now: number }> {
  const { streams } = group;
  const client = await logsClient(aws);
  const { DescribeLogStreamsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  const found: LogStream[] = [];
  let now: number | undefined;
  let nextToken: string | undefined;
  do {
    const prefix = streams === "" ? undefined : streams;
    const request = { logGroupName: group.group, logStreamNamePrefix: prefix, nextToken, limit };
    const command = new DescribeLogStreamsCommand(request);
    const clock = serverClock(countRetries(command, `list the streams of ${uri}`, events));
    const page = await client.send(command).catch((error: unknown) => {
      throw awsError(error, "logs:DescribeLogStreams", uri);
    });
    now ??= clock();
    found.push(...(page.logStreams ?? []));
    nextToken = limit === undefined ? page.nextToken : undefined;
  } while (nextToken !== undefined);
  return { group: { ...group, place: placeOf(found[0]?.arn) }, streams: found, now };
}

/** `arn:aws:logs:us-east-1:123456789012:log-group:…` as `123456789012/us-east-1`. */
function placeOf(arn = ""): string {
  const [, , , region, account] = arn.split(":");
  return region && account ? `${account}/${region}` : "";
}

/** Streams of flow logs are called `eni-…-all`, `-accept` or `-reject` (observed, not documented). */
const FLOW_LOG_STREAMS = "eni-";

export interface Group {
  readonly group: string;
  /** Prefix of the stream names. */
  readonly streams: string;
  /** `123456789012/us-east-1`: groups of one name in two regions or accounts are two. Empty until AWS has told. */
  readonly place: string;
}

/** How far each slice was read, by its name: milliseconds of the ingestion clock, Infinity when it is finished. */
export type Cursors = Map<string, number>;

/** What the names of the group's objects begin with. */
export function groupPrefix({ group, streams, place }: Group): string {
  return `cloudwatch://${group}${streams === FLOW_LOG_STREAMS ? "" : `:${streams}`}/${place === "" ? "" : `${place}/`}`;
}

export function sliceName(group: Group, start: number): string {
  return `${groupPrefix(group)}${new Date(start).toISOString().slice(0, 16)}Z`;
}

/** The cursors that the names of objects in the ledger tell. */
export function cursorsOf(ingested: Iterable<string>): Cursors {
  const cursors: Cursors = new Map();
  for (const name of ingested) {
    const at = name.indexOf("@", name.lastIndexOf("/"));
    const slice = at < 0 ? name : name.slice(0, at);
    const cursor = at < 0 ? Infinity : Date.parse(name.slice(at + 1));
    cursors.set(slice, Math.max(cursor, cursors.get(slice) ?? 0));
  }
  return cursors;
}

/**
 * The object of a slice that is to be read at `now`; null when there is nothing new to read. Milliseconds.
 *
 * A closed hour is one object, `…/2025-03-04T09:00Z`. An open one is read in parts, each what CloudWatch took in since
 * the part before: `…/2025-03-04T09:00Z@2025-03-04T09:37:12Z` ends at 09:37:12 of the ingestion clock. The last part
 * has no end, so nothing is lost and nothing comes twice, however late it came.
 */
export function sliceObject(
  group: Group,
  start: number,
  now: number,
  cursors: Cursors,
  settleMs = SETTLE_MS,
): SourceObject | null {
  const slice = sliceName(group, start);
  const end = start + SLICE_MS;
  const close = end + OPEN_MS;
  const cutoff = Math.floor((now - settleMs) / 1000) * 1000;
  const until = Math.min(cutoff, close);
  const ingestedFrom = cursors.get(slice) ?? null;
  if (start > cutoff || (ingestedFrom !== null && ingestedFrom >= until)) return null;
  const ingestedTo = cutoff < close ? cutoff : null;
  const whole = ingestedFrom === null && ingestedTo === null;
  return {
    name: whole ? slice : `${slice}@${new Date(until).toISOString().slice(0, 19)}Z`,
    size: null,
    etag: `${ingestedFrom ?? ""}..${ingestedTo ?? ""}`,
    time: start / 1000,
    locator: {
      kind: "cloudwatch",
      group: group.group,
      streams: group.streams,
      from: start,
      to: end - 1,
      ingestedFrom,
      ingestedTo,
    },
  };
}

/** The starts of the slices that meet any of the stretches (milliseconds, both inclusive), ascending. */
export function slicesOf(stretches: readonly { from: number; to: number }[]): number[] {
  const starts = new Set<number>();
  for (const { from, to } of stretches) {
    for (let start = Math.floor(from / SLICE_MS) * SLICE_MS; start <= to; start += SLICE_MS) starts.add(start);
  }
  return [...starts].sort((a, b) => a - b);
}

/**
 * The field list of the records in a log group, from the flow logs that deliver to it: bare names and spaces.
 * Undefined, with a note, where nobody tells: the records are then taken for the default format and counted as bad
 * lines where they are not.
 * @throws AppError E_SOURCE where flow logs of different formats share the group.
 */
export async function fieldsOfGroup(group: string, options: PlanOptions): Promise<string | undefined> {
  const assume = (why: string): undefined =>
    options.events.note(`${why}: the default format is assumed (another one: --fields)`) as undefined;
  let formats: Set<string>;
  try {
    formats = await formatsOfGroup(group, options);
  } catch (error) {
    const told = awsError(error, "ec2:DescribeFlowLogs", `the format of ${group}`);
    if (!(told instanceof AppError)) throw told;
    return assume(told.message);
  }
  if (formats.size === 0) return assume(`no flow log delivers to ${group} now`);
  if (formats.size === 1) return [...formats][0];
  throw new AppError("E_SOURCE", `flow logs of ${formats.size} formats share the log group ${group}`, {
    hint: `choose one with --fields: ${[...formats].map((fields) => `"${fields}"`).join(" or ")}`,
  });
}

async function formatsOfGroup(group: string, { aws, events }: PlanOptions): Promise<Set<string>> {
  const client = await ec2Client(aws);
  const { DescribeFlowLogsCommand } = await import("@aws-sdk/client-ec2");
  const formats = new Set<string>();
  let NextToken: string | undefined;
  do {
    const command = new DescribeFlowLogsCommand({ Filter: [{ Name: "log-group-name", Values: [group] }], NextToken });
    const page = await client.send(countRetries(command, `find the format of ${group}`, events));
    for (const { LogFormat } of page.FlowLogs ?? []) if (LogFormat) formats.add(fieldsOf(LogFormat));
    NextToken = page.NextToken;
  } while (NextToken);
  return formats;
}

/** `${version} ${account-id}` as `version account-id`. */
export function fieldsOf(logFormat: string): string {
  return [...logFormat.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(" ");
}
