import type { LogStream } from "@aws-sdk/client-cloudwatch-logs";
import { AppError } from "../errors.ts";
import { countRetries, logsClient, serverClock } from "./aws-client.ts";
import { awsError } from "./aws-error.ts";
import {
  cursorsOf,
  FLOW_LOG_STREAMS,
  groupPrefix,
  OPEN_MS,
  SETTLE_MS,
  SLICE_MS,
  sliceName,
  sliceObject,
  slicesOf,
} from "./cloudwatch-slices.ts";
import type { Group } from "./cloudwatch-slices.ts";
import { fieldsOfGroup } from "./flow-log-format.ts";
import type { PlanOptions, SourceObject } from "./source.ts";

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
