import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { S3Client } from "@aws-sdk/client-s3";
import type { AwsOptions, SourceEvents } from "./source.ts";

/**
 * Tries of one request, the first included. Standard back-off, jittered, doubling from 50 ms (1 s when throttled) to
 * 20 s. With every tenth request failing, one in a hundred million runs out of tries.
 */
const ATTEMPTS = 8;

/** One client a thread and set of options: its connections are kept alive and shared. */
const clients = new Map<string, Promise<unknown>>();

export async function s3Client(aws: AwsOptions): Promise<S3Client> {
  return cached("s3", aws, async () => {
    // Imported when needed: the three SDKs cost 140, 60 and 270 ms of start-up.
    const { S3Client } = await import("@aws-sdk/client-s3");
    const client = new S3Client({
      ...common(aws),
      followRegionRedirects: true,
      // Bytes are guarded by TLS and by gzip's own checksum; another pass over each would cost a core.
      responseChecksumValidation: "WHEN_REQUIRED",
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    // A server of one's own has no host name for each bucket. Asked of the SDK, which knows all places of the setting.
    const ownServer = aws.endpoint ?? (await client.config.serviceConfiguredEndpoint?.());
    client.config.forcePathStyle = ownServer !== undefined;
    return client;
  });
}

export async function logsClient(aws: AwsOptions): Promise<CloudWatchLogsClient> {
  return cached("logs", aws, async () => {
    const { CloudWatchLogsClient } = await import("@aws-sdk/client-cloudwatch-logs");
    return new CloudWatchLogsClient({ ...common(aws), retryMode: "adaptive" });
  });
}

export async function ec2Client(aws: AwsOptions): Promise<EC2Client> {
  return cached("ec2", aws, async () => {
    const { EC2Client } = await import("@aws-sdk/client-ec2");
    return new EC2Client({ ...common(aws), retryMode: "adaptive" });
  });
}

function cached<T>(service: string, aws: AwsOptions, create: () => Promise<T>): Promise<T> {
  const key = JSON.stringify([service, aws.region, aws.profile, aws.endpoint, aws.timeoutMs]);
  if (!clients.has(key)) clients.set(key, create());
  return clients.get(key) as Promise<T>;
}

function common({ region, profile, endpoint, timeoutMs = 30_000 }: AwsOptions) {
  return {
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: Math.min(timeoutMs, 10_000),
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      // Between two packets; so it covers bodies, too.
      socketTimeout: timeoutMs,
    },
  };
}

/** The part of an SDK command that is needed here; its type parameters differ from command to command. */
interface WithStack {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<Answer>) => (args: never) => Promise<Answer>,
      options: { step: "finalizeRequest" | "deserialize"; priority: "low"; name: string },
    ): void;
  };
}

interface Answer {
  readonly response: unknown;
}

/** Reports every try of the command after the first. `what` names the request to the user. */
export function countRetries<Command>(command: Command, what: string, events: SourceEvents): Command {
  let tries = 0;
  // The SDK's retry loop stands in the same step before it, so that this one runs on each try.
  (command as WithStack).middlewareStack.add(
    (next) => (args) => {
      if (tries++ > 0) events.retry(what);
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "countRetries" },
  );
  return command;
}

/** The clock of the service, in milliseconds, once the command was answered: the machine's own may be off. */
export function serverClock(command: unknown): () => number {
  let now = Date.now();
  (command as WithStack).middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { date } = (answer.response as { headers?: Record<string, string> }).headers ?? {};
      if (date !== undefined) now = Date.parse(date);
      return answer;
    },
    { step: "deserialize", priority: "low", name: "serverClock" },
  );
  return () => now;
}
