import { AppError } from "../errors.ts";

interface SdkError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

const SIGN_IN = "sign in (aws sso login, aws configure) or choose a profile with --profile or AWS_PROFILE";
const REGION = "give --region, or set AWS_REGION or the profile's region";

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
  PermanentRedirect: { says: "it is in another region", hint: REGION },
  InvalidObjectState: { says: "it is archived", hint: "restore it first, or leave it out with --from" },
  TimeoutError: { says: "no answer in time", hint: "check the network, --region and AWS_ENDPOINT_URL" },
  PreconditionFailed: { says: "it changed while it was read", hint: "replay again" },
};

const DENIED = new Set(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403"]);
const UNREACHABLE = new Set(["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * A failed AWS call as one line in the user's terms. `action` is the IAM action, e.g. `s3:ListBucket`; `what` the thing
 * it was about, as the user named it.
 */
export function awsError(thrown: unknown, action: string, what: string): unknown {
  if (thrown instanceof AppError) return thrown;
  const error = thrown as SdkError;
  const status = String(error.$metadata?.httpStatusCode ?? "");
  const tell = (says: string, hint?: string): AppError =>
    new AppError("E_SOURCE", `cannot read ${what}: ${says}`, { cause: thrown, ...(hint && { hint }) });
  if (error.message === "Region is missing") return tell("no AWS region", REGION);
  const known = KNOWN[error.name];
  if (known) return tell(known.says, known.hint);
  if (DENIED.has(error.name) || status === "403")
    return tell(`${action} is denied`, `allow ${action} in the IAM policy`);
  if (status === "404") return tell("it does not exist");
  if (error.code && UNREACHABLE.has(error.code)) {
    return tell(`the endpoint cannot be reached (${error.code})`, "check the network, --region and AWS_ENDPOINT_URL");
  }
  if (error.$metadata === undefined && error.code === undefined) return thrown;
  const tries = (error.$metadata?.attempts ?? 1) > 1 ? `, after ${error.$metadata!.attempts} tries` : "";
  return tell(`${error.code ?? error.name}: ${error.message.split("\n", 1)[0]}${tries}`);
}
