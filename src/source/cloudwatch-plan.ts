import type { LogStream } from "@aws-sdk/client-cloudwatch-logs";
import { AppError } from "../errors.ts";
import { awsError, countRetries, ec2Client, logsClient, serverClock } from "./aws.ts";
import type { PlannedObjects, PlanOptions, SourceObject } from "./source.ts";

/** An object of a log group is an hour of event time, on the hour, UTC (README.md says why). */
export const HOUR_MS = 3_600_000;
/** An hour stays open for late events this long after its end; flow logs lag five minutes as a rule, at times an hour. */
export const OPEN_MS = 3_600_000;
/** A search may not find yet what CloudWatch took in this recently. */
const SETTLE_MS = 60_000;
/** How late DescribeLogStreams may learn of a stream's last event: an hour as a rule, "in rare situations" more. */
const STREAM_LAG_MS = 6 * HOUR_MS;
/** A record starts at most one aggregation interval before it ends, and both may be a minute off. */
const RECORD_MS = 660_000;

/**
 * The objects of `cloudwatch://log-group`, or `cloudwatch://log-group:stream-prefix`: an hour of event time each
 * (README.md), between the first and last event of its streams and inside `--from`/`--to`.
 * @throws AppError E_USAGE for a malformed URI, E_SOURCE when nothing is there or AWS refuses.
 */
export async function planCloudWatch(uri: string, options: PlanOptions): Promise<PlannedObjects> {
  const { group, streams, now } = await describeStreams(parseGroup(uri), uri, options);
  if (streams.length === 0) {
    const hint = "name the prefix of its streams: cloudwatch://log-group:prefix";
    throw new AppError("E_SOURCE", `no stream ${group.streams}* in ${uri}`, { hint });
  }
  const first = options.from === undefined ? 0 : options.from * 1000 - RECORD_MS;
  const last = Math.min(now, options.to === undefined ? Infinity : options.to * 1000 + RECORD_MS);
  // DescribeLogStreams lags behind, and knows nothing yet of a young stream's events.
  const stretches = streams.map(({ creationTime = 0, ...stream }) => ({
    from: Math.max(first, stream.firstEventTimestamp ?? creationTime - STREAM_LAG_MS),
    to: Math.min(last, (stream.lastIngestionTime ?? stream.lastEventTimestamp ?? creationTime) + STREAM_LAG_MS),
  }));
  const hours = hoursOf(stretches);
  const whole = hours.filter((start) => start + HOUR_MS + OPEN_MS <= now - SETTLE_MS);
  if (!options.ingested && whole.length < hours.length) {
    options.events.note(`left out of ${uri}: the last two hours, which are still filling`);
  }
  const cursors = cursorsOf((await options.ingested?.(groupPrefix(group))) ?? []);
  const fields = options.fields ?? (await fieldsOfGroup(group.group, options));
  const objects = (options.ingested ? hours : whole)
    .map((start) => hourObject(group, start, now, cursors))
    .filter((object) => object !== null)
    .map((object) => (fields === undefined ? object : { ...object, fields }));
  return { objects, ingested: hours.filter((start) => cursors.has(hourName(group, start))).length };
}

/** `cloudwatch://group` or `cloudwatch://group:stream-prefix`; a group's name may begin with a slash and hold some. */
export function parseGroup(uri: string): LogGroup {
  const [, group, streams = FLOW_LOG_STREAMS] = /^cloudwatch:\/\/([\w/.#-]{1,512})(?::([^:*]*))?$/i.exec(uri) ?? [];
  if (group !== undefined) return { group, streams, scope: "" };
  throw new AppError("E_USAGE", `not a log group: ${uri}`, {
    hint: "cloudwatch://log-group, as in cloudwatch:///aws/vpc/flow",
  });
}

/**
 * The streams of the group (`limit` of them or all), the group with the scope that their ARNs tell, and the time in
 * milliseconds by CloudWatch's clock, which also gives its ingestion times.
 */
export async function describeStreams(
  group: LogGroup,
  uri: string,
  { aws, events }: PlanOptions,
  limit?: number,
): Promise<{ group: LogGroup; streams: LogStream[]; now: number }> {
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
  return { group: { ...group, scope: scopeOf(found[0]?.arn) }, streams: found, now };
}

/** `arn:aws:logs:us-east-1:123456789012:log-group:…` as `123456789012/us-east-1`. */
function scopeOf(arn = ""): string {
  const [, , , region, account] = arn.split(":");
  return region && account ? `${account}/${region}` : "";
}

/** Streams of flow logs are called `eni-…-all`, `-accept` or `-reject` (observed, not documented). */
const FLOW_LOG_STREAMS = "eni-";

export interface LogGroup {
  readonly group: string;
  /** Prefix of the stream names. */
  readonly streams: string;
  /** `123456789012/us-east-1`: log groups of two regions or accounts may share a name. Empty until AWS has told. */
  readonly scope: string;
}

/** What `open` reads of a log group. */
export interface LogGroupPart extends Pick<LogGroup, "group" | "streams"> {
  /** Event time (a record's `start`) in milliseconds, both inclusive. */
  readonly from: number;
  readonly to: number;
  /** When CloudWatch took the events in, milliseconds, from inclusive, to exclusive; null: open. */
  readonly ingestedFrom: number | null;
  readonly ingestedTo: number | null;
}

/** How far each hour was read, by its name: milliseconds of the ingestion clock, Infinity when it is finished. */
export type Cursors = Map<string, number>;

/** What the names of the group's objects begin with. */
export function groupPrefix({ group, streams, scope }: LogGroup): string {
  return `cloudwatch://${group}${streams === FLOW_LOG_STREAMS ? "" : `:${streams}`}/${scope === "" ? "" : `${scope}/`}`;
}

export function hourName(group: LogGroup, start: number): string {
  return `${groupPrefix(group)}${new Date(start).toISOString().slice(0, 16)}Z`;
}

/** The cursors, from the names of objects in the ledger. */
export function cursorsOf(ingested: Iterable<string>): Cursors {
  const cursors: Cursors = new Map();
  for (const name of ingested) {
    const at = name.indexOf("@", name.lastIndexOf("/"));
    const hour = at < 0 ? name : name.slice(0, at);
    const cursor = at < 0 ? Infinity : Date.parse(name.slice(at + 1));
    cursors.set(hour, Math.max(cursor, cursors.get(hour) ?? 0));
  }
  return cursors;
}

/**
 * What to read at `now` of the hour that begins at `start` (milliseconds); null when there is nothing new.
 *
 * A closed hour is one object, `…/2025-03-04T09:00Z`. An open one is read in parts, each what CloudWatch took in since
 * the part before: `…/2025-03-04T09:00Z@2025-03-04T09:37:12Z` ends at 09:37:12 of the ingestion clock. The last part
 * has no end, so no event is lost and none is read twice, however late it came.
 */
export function hourObject(
  group: LogGroup,
  start: number,
  now: number,
  cursors: Cursors,
  settleMs = SETTLE_MS,
): SourceObject | null {
  const hour = hourName(group, start);
  const end = start + HOUR_MS;
  const close = end + OPEN_MS;
  const cutoff = Math.floor((now - settleMs) / 1000) * 1000;
  const until = Math.min(cutoff, close);
  const ingestedFrom = cursors.get(hour) ?? null;
  if (start > cutoff || (ingestedFrom !== null && ingestedFrom >= until)) return null;
  const ingestedTo = cutoff < close ? cutoff : null;
  const whole = ingestedFrom === null && ingestedTo === null;
  const { group: name, streams } = group;
  const locator: LogGroupPart = { group: name, streams, from: start, to: end - 1, ingestedFrom, ingestedTo };
  return {
    name: whole ? hour : `${hour}@${new Date(until).toISOString().slice(0, 19)}Z`,
    size: null,
    etag: `${ingestedFrom ?? ""}..${ingestedTo ?? ""}`,
    time: start / 1000,
    kind: "cloudwatch",
    locator,
  };
}

/** The starts of the hours that overlap any of the stretches (milliseconds, both inclusive), ascending. */
export function hoursOf(stretches: readonly { from: number; to: number }[]): number[] {
  const starts = new Set<number>();
  for (const { from, to } of stretches) {
    for (let start = Math.floor(from / HOUR_MS) * HOUR_MS; start <= to; start += HOUR_MS) starts.add(start);
  }
  return [...starts].sort((a, b) => a - b);
}

/**
 * The field list of the records in a log group, from the flow logs that deliver to it: bare names and spaces.
 * Undefined, with a note, where AWS does not tell: the records are then read in the default format, and are bad lines
 * if they have another.
 * @throws AppError E_SOURCE where flow logs of different formats share the group.
 */
export async function fieldsOfGroup(group: string, options: PlanOptions): Promise<string | undefined> {
  const assume = (why: string): undefined =>
    options.events.note(`${why}: the default format is assumed (another one: --fields)`) as undefined;
  let formats: Set<string>;
  try {
    formats = await formatsOfGroup(group, options);
  } catch (error) {
    const failure = awsError(error, "ec2:DescribeFlowLogs", `the format of ${group}`);
    if (!(failure instanceof AppError)) throw failure;
    return assume(failure.message);
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
