import { AppError } from "../errors.ts";

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

/** Names of errors, over all services, that have one meaning and one remedy. */
const KNOWN: Record<string, { says: string; hint?: string }> = {
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
  const tell = (says: string, hint?: string): AppError =>
    new AppError("E_SOURCE", `cannot read ${what}: ${says}${tries}`, { cause: thrown, ...(hint && { hint }) });
  if (error.message === "Region is missing") return tell("no AWS region", REGION);
  if (error.message.startsWith("Region not accepted")) return tell("not a region", "as in us-east-1");
  // The name is what the server says.
  const name = [error.name, error.code ?? ""].find((one) => Object.hasOwn(KNOWN, one));
  const known = name === undefined ? undefined : KNOWN[name];
  if (known?.hint === REGION) {
    const region = /^[a-z0-9-]+$/.exec(error.$response?.headers?.["x-amz-bucket-region"] ?? "")?.[0];
    return tell(known.says, region === undefined ? known.hint : `give --region ${region}`);
  }
  if (known) return tell(known.says, known.hint);
  if (/kms:Decrypt/.test(error.message))
    return tell("kms:Decrypt is denied", "allow kms:Decrypt on the key of the bucket");
  if (DENIED.has(error.name) || status === "403")
    return tell(`${action} is denied`, `allow ${action} in the IAM policy`);
  if (status === "404") return tell("it does not exist");
  if (error.code && UNREACHABLE.has(error.code))
    return tell(`the endpoint cannot be reached (${error.code})`, ENDPOINT);
  if (error.code && UNTRUSTED.test(error.code)) return tell(`no trusted connection (${error.code})`, TLS);
  if (error.$metadata === undefined && error.code === undefined) return thrown;
  const hint = Number(status) >= 500 ? LATER : undefined;
  return tell(`${error.code ?? error.name}: ${error.message.split("\n", 1)[0]}`, hint);
}
