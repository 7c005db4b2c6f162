import { setTimeout } from "node:timers/promises";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { S3Client } from "@aws-sdk/client-s3";
import { AppError } from "../errors.ts";
import type { AwsOptions, SourceEvents } from "./source.ts";

/**
 * Tries of one request, the first included, with the SDK's jittered back-off: 50 ms (1 s when throttled) doubling to 20 s.
 * If every tenth request fails, one in a hundred million runs out of tries.
 */
const ATTEMPTS = 8;

/** One client for each thread and set of options: its connections are kept alive and shared. */
const clients = new Map<string, Promise<unknown>>();

export async function s3Client(aws: AwsOptions): Promise<S3Client> {
  return cached("s3", aws, async () => {
    // Imported when needed: the three SDKs cost 140, 60 and 270 ms of start-up.
    const { S3Client } = await import("@aws-sdk/client-s3");
    const client = new S3Client({
      ...common(aws),
      followRegionRedirects: true,
      // TLS and gzip's checksum protect the bytes already; a third check would cost a core.
      responseChecksumValidation: "WHEN_REQUIRED",
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    // A private server has no host name for each bucket. The SDK knows all the settings that may name one.
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
      middleware: (next: (args: never) => Promise<CommandOutput>) => (args: never) => Promise<CommandOutput>,
      options: { step: "finalizeRequest" | "deserialize"; priority: "low"; name: string },
    ): void;
  };
}

interface CommandOutput {
  readonly response: unknown;
}

/** Reports each repetition of the command. `what` names the request to the user. */
export function countRetries<Command>(command: Command, what: string, events: SourceEvents): Command {
  let tries = 0;
  // The SDK's retry loop comes earlier in the same step, so this middleware runs on each try.
  (command as WithStack).middlewareStack.add(
    (next) => (args) => {
      if (tries++ > 0) events.retry(what);
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "countRetries" },
  );
  return command;
}

/** The time by the service's clock, in milliseconds, once the command was answered: this machine's may be wrong. */
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

interface SdkError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const SIGN_IN = "sign in (aws sso login, aws configure) or choose a profile with --profile or AWS_PROFILE";
const REGION = "give --region, or set AWS_REGION or the profile's region";
const ENDPOINT = "check the network, --region and AWS_ENDPOINT_URL";
const CLOCK = "set the clock of this machine";
const LATER = "replay again later: only what is missing is read";
const TLS = "check AWS_ENDPOINT_URL (http or https?) and, behind a proxy of your own, NODE_EXTRA_CA_CERTS";

/** Error names of all services, with their meaning and remedy. */
const MEANINGS: Record<string, { says: string; hint?: string }> = {
  CredentialsProviderError: { says: "no usable AWS credentials", hint: SIGN_IN },
  TokenProviderError: { says: "no usable AWS sign-in", hint: SIGN_IN },
  ExpiredToken: { says: "the AWS credentials have expired", hint: SIGN_IN },
  ExpiredTokenException: { says: "the AWS credentials have expired", hint: SIGN_IN },
  InvalidAccessKeyId: { says: "AWS does not know the access key", hint: SIGN_IN },
  UnrecognizedClientException: { says: "AWS does not know the access key", hint: SIGN_IN },
  InvalidClientTokenId: { says: "AWS does not know the access key", hint: SIGN_IN },
  AuthFailure: { says: "AWS does not accept the credentials", hint: SIGN_IN },
  SignatureDoesNotMatch: { says: "AWS does not accept the secret key", hint: SIGN_IN },
  NoSuchBucket: { says: "no such bucket", hint: "check the name; buckets of another partition need its own profile" },
  NoSuchKey: { says: "it is gone" },
  ResourceNotFoundException: { says: "no such log group or stream", hint: REGION },
  InvalidBucketName: { says: "no bucket can have this name", hint: "s3://bucket/prefix" },
  PermanentRedirect: { says: "it is in another region", hint: REGION },
  AuthorizationHeaderMalformed: { says: "it is in another region", hint: REGION },
  RequestTimeTooSkewed: { says: "the clock of this machine is wrong", hint: CLOCK },
  RequestExpired: { says: "the clock of this machine is wrong", hint: CLOCK },
  SlowDown: { says: "S3 asks for fewer requests", hint: LATER },
  ThrottlingException: { says: "AWS asks for fewer requests", hint: LATER },
  RequestLimitExceeded: { says: "AWS asks for fewer requests", hint: LATER },
  ERR_INVALID_URL: { says: "the endpoint is no URL", hint: "AWS_ENDPOINT_URL takes http://host:port or https://host" },
  InvalidObjectState: { says: "it is archived", hint: "restore it first, or leave it out with --from" },
  TimeoutError: { says: "no answer in time", hint: ENDPOINT },
  PreconditionFailed: { says: "it changed while it was read", hint: "replay again" },
};

const DENIED = new Set(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403"]);
const UNREACHABLE = new Set(["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);
const UNTRUSTED = /^(EPROTO|ERR_(SSL|TLS)_\w+|CERT_\w+|(DEPTH_ZERO_)?SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;

/**
 * A failed AWS call as one line in the user's terms. `action` is the IAM action, e.g. `s3:ListBucket`; `what` the thing
 * it was about, as the user named it.
 */
export function awsError(thrown: unknown, action: string, what: string): unknown {
  if (thrown instanceof AppError) return thrown;
  const error = thrown as SdkError;
  const status = String(error.$metadata?.httpStatusCode ?? "");
  const attempts = error.$metadata?.attempts ?? 1;
  const tries = attempts > 1 ? `, after ${attempts} tries` : "";
  const failure = (says: string, hint?: string): AppError =>
    new AppError("E_SOURCE", `cannot read ${what}: ${says}${tries}`, { cause: thrown, ...(hint && { hint }) });
  if (error.message === "Region is missing") return failure("no AWS region", REGION);
  if (error.message.startsWith("Region not accepted")) return failure("not a region", "as in us-east-1");
  const name = [error.name, error.code ?? ""].find((one) => Object.hasOwn(MEANINGS, one));
  const meaning = name === undefined ? undefined : MEANINGS[name];
  if (meaning?.hint === REGION) {
    const region = /^[a-z0-9-]+$/.exec(error.$response?.headers?.["x-amz-bucket-region"] ?? "")?.[0];
    return failure(meaning.says, region === undefined ? meaning.hint : `give --region ${region}`);
  }
  if (meaning) return failure(meaning.says, meaning.hint);
  if (/kms:Decrypt/.test(error.message))
    return failure("kms:Decrypt is denied", "allow kms:Decrypt on the key of the bucket");
  if (DENIED.has(error.name) || status === "403")
    return failure(`${action} is denied`, `allow ${action} in the IAM policy`);
  if (status === "404") return failure("it does not exist");
  if (error.code && UNREACHABLE.has(error.code))
    return failure(`the endpoint cannot be reached (${error.code})`, ENDPOINT);
  if (error.code && UNTRUSTED.test(error.code)) return failure(`no trusted connection (${error.code})`, TLS);
  if (error.$metadata === undefined && error.code === undefined) return thrown;
  const hint = Number(status) >= 500 ? LATER : undefined;
  return failure(`${error.code ?? error.name}: ${error.message.split("\n", 1)[0]}`, hint);
}

/** A token bucket: resolves at most `perSecond` times a second, after a first burst of as many, in the order asked. */
export function createRate(perSecond: number, sleep = (ms: number) => setTimeout(ms)): () => Promise<void> {
  let free = performance.now() - 1000;
  return async () => {
    const now = performance.now();
    free = Math.max(free, now - 1000) + 1000 / perSecond;
    if (free > now) await sleep(free - now);
  };
}
