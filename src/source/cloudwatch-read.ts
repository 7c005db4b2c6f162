import { AppError } from "../errors.ts";
import { awsError, countRetries, createRate, logsClient } from "./aws.ts";
import type { Locator, OpenContext, SourceObject } from "./source.ts";

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

/** One for each region and thread. Where threads or other programs share the account, the SDK's adaptive retry slows down. */
const rates = new Map<string, () => Promise<void>>();

/**
 * The records of an hour of a log group, one a line, page by page in the order CloudWatch gives them.
 * @throws AppError E_SOURCE naming the object.
 */
export async function* readCloudWatch(
  object: SourceObject,
  { group, streams, from, to, ingestedFrom, ingestedTo }: Extract<Locator, { kind: "cloudwatch" }>,
  { aws, events, signal }: OpenContext,
): AsyncGenerator<Uint8Array> {
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
