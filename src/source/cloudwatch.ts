import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { awsError, countRetries, createRate, logsClient } from "./aws.ts";
import {
  cursorsOf,
  describeStreams,
  fieldsOfGroup,
  groupPrefix,
  HOUR_MS,
  hourName,
  hourObject,
  hoursOf,
  type LogGroupPart,
  OPEN_MS,
  parseGroup,
  planCloudWatch,
} from "./cloudwatch-plan.ts";
import type { FollowOptions, OpenContext, SourceKind, SourceObject } from "./source.ts";

export const cloudWatch: SourceKind = {
  name: "cloudwatch",
  usage: "cloudwatch://log-group",
  recognises: (argument) => /^cloudwatch:\/\//i.test(argument),
  plan: planCloudWatch,
  open: readCloudWatch,
  follow: followLogGroup,
  /** The log group: the names of its hours without the hour. */
  channelOf: (name) => (name.startsWith("cloudwatch://") ? name.slice(0, name.lastIndexOf("/")) : null),
  plansTimes: true,
};

/** FilterLogEvents requests a second that an account may make (CloudWatch Logs quotas). */
const RATES: Record<string, number> = {
  "us-east-1": 25,
  "ap-northeast-3": 5,
  "ap-southeast-3": 5,
  "ca-west-1": 5,
  "eu-central-1": 5,
  "il-central-1": 5,
};
const USUAL_RATE = 10;

/** One for each region and thread. Threads and programs that share an account are slowed down by the SDK's adaptive retry. */
const rates = new Map<string, () => Promise<void>>();

/** The records of a part of a log group, one a line, page by page in the order CloudWatch gives them. */
async function* readCloudWatch(object: SourceObject, { aws, events, signal }: OpenContext): AsyncGenerator<Uint8Array> {
  const { group, streams, from, to, ingestedFrom, ingestedTo } = object.locator as LogGroupPart;
  const client = await logsClient(aws);
  const { FilterLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  const region = await client.config.region();
  if (!rates.has(region)) rates.set(region, createRate(RATES[region] ?? USUAL_RATE));
  const rate = rates.get(region)!;
  let nextToken: string | undefined;
  do {
    await rate();
    signal?.throwIfAborted();
    const command = new FilterLogEventsCommand({
      logGroupName: group,
      ...(streams !== "" && { logStreamNamePrefix: streams }),
      startTime: from,
      endTime: to,
      nextToken,
    });
    const page = await client
      .send(countRetries(command, `read ${object.name}`, events), { abortSignal: signal })
      .catch((error: unknown) => {
        signal?.throwIfAborted();
        throw awsError(error, "logs:FilterLogEvents", object.name);
      });
    let text = "";
    for (const { message, ingestionTime = 0, logStreamName = "" } of page.events ?? []) {
      if (ingestedFrom !== null && ingestionTime < ingestedFrom) continue;
      if (ingestedTo !== null && ingestionTime >= ingestedTo) continue;
      if (logStreamName.startsWith(streams)) text += `${message?.trimEnd() ?? ""}\n`;
    }
    // A page may hold nothing and still not be the last.
    if (text !== "") yield Buffer.from(text);
    if (nextToken !== undefined && page.nextToken === nextToken) throw stuck(object);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

function stuck(object: SourceObject): AppError {
  return new AppError("E_SOURCE", `cannot read ${object.name}: CloudWatch Logs gave the same page twice`, {
    hint: "replay again",
  });
}

const POLL_MS = 15_000;

/**
 * Follows a log group: what came into its open hours and is not in the ledger, then what comes. Looks again only when it
 * is asked, so memory stays bounded and a slow reader gets larger parts. Gives out each part once, whether the reader
 * keeps it or not.
 */
async function* followLogGroup(uri: string, options: FollowOptions): AsyncGenerator<SourceObject> {
  const { signal, from = 0, pollMs = POLL_MS, settleMs } = options;
  const { group } = await describeStreams(parseGroup(uri), uri, options, 1);
  const fields = options.fields ?? (await fieldsOfGroup(group.group, options));
  const cursors = cursorsOf((await options.ingested?.(groupPrefix(group))) ?? []);
  while (!signal.aborted) {
    const started = performance.now();
    const { now } = await describeStreams(group, uri, options, 1);
    const starts = hoursOf([{ from: Math.max(from * 1000, now - HOUR_MS - OPEN_MS), to: now }]);
    const open = new Set(starts.map((start) => hourName(group, start)));
    for (const hour of cursors.keys()) if (!open.has(hour)) cursors.delete(hour);
    for (const start of starts) {
      const part = hourObject(group, start, now, cursors, settleMs);
      if (part === null) continue;
      const isFilled = await holdsRecords(part, options).catch((error: unknown) => {
        if (signal.aborted) return false;
        throw error;
      });
      if (signal.aborted) return;
      const { ingestedTo } = part.locator as LogGroupPart;
      // An empty part enters no ledger, so the next one begins where it began.
      if (isFilled || ingestedTo === null) cursors.set(hourName(group, start), ingestedTo ?? Infinity);
      if (isFilled) yield fields === undefined ? part : { ...part, fields };
    }
    await sleep(Math.max(pollMs, performance.now() - started), undefined, { signal }).catch(() => {});
  }
}

/** Whether there is a first chunk; the rest is not asked for. */
async function holdsRecords(part: SourceObject, options: FollowOptions): Promise<boolean> {
  for await (const chunk of readCloudWatch(part, options)) if (chunk.length > 0) return true;
  return false;
}
