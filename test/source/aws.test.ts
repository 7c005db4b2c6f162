import { expect, it } from "vitest";
import { AppError } from "../../src/errors.ts";
import { awsError } from "../../src/source/aws.ts";

const sdk = (name: string, rest: object = {}): Error =>
  Object.assign(new Error("First line.\nSecond line."), { name, $metadata: {}, ...rest });

it.each([
  [sdk("NoSuchBucket"), "no such bucket", /check the name/],
  [sdk("CredentialsProviderError"), "no usable AWS credentials", /sso login/],
  [sdk("ExpiredTokenException"), "the AWS credentials have expired", /--profile/],
  [sdk("AccessDenied"), "s3:ListBucket is denied", /allow s3:ListBucket/],
  [sdk("Forbidden", { $metadata: { httpStatusCode: 403 } }), "s3:ListBucket is denied", /allow s3:ListBucket/],
  [new Error("Region is missing"), "no AWS region", /--region/],
  [sdk("Error", { code: "ENOTFOUND" }), "the endpoint cannot be reached (ENOTFOUND)", /AWS_ENDPOINT_URL/],
  [sdk("SlowDown", { $metadata: { attempts: 8 } }), "S3 asks for fewer requests, after 8 tries", /replay again later/],
  [sdk("InternalError", { $metadata: { httpStatusCode: 500 } }), "InternalError: First line.", /replay again later/],
  [sdk("InvalidThing"), "InvalidThing: First line.", undefined],
  [sdk("constructor"), "constructor: First line.", undefined],
  [sdk("PermanentRedirect"), "it is in another region", /^give --region, or/],
  [
    sdk("AuthorizationHeaderMalformed", { $response: { headers: { "x-amz-bucket-region": "eu-west-1" } } }),
    "it is in another region",
    /^give --region eu-west-1$/,
  ],
  [sdk("RequestTimeTooSkewed"), "the clock of this machine is wrong", /clock/],
  [new Error('Region not accepted: region="a b" is not a valid hostname component.'), "not a region", /us-east-1/],
  [sdk("TypeError", { code: "ERR_INVALID_URL" }), "the endpoint is no URL", /AWS_ENDPOINT_URL/],
  [sdk("Error", { code: "EPROTO" }), "no trusted connection (EPROTO)", /http or https/],
  [
    sdk("AccessDenied", { message: "User: x is not authorized to perform: kms:Decrypt on resource: y" }),
    "kms:Decrypt is denied",
    /on the key/,
  ],
])("%s", (thrown, says, hint) => {
  const error = awsError(thrown, "s3:ListBucket", "s3://logs/x") as AppError;
  expect(error).toBeInstanceOf(AppError);
  expect(error.message).toBe(`cannot read s3://logs/x: ${says}`);
  if (hint) expect(error.hint).toMatch(hint);
  else expect(error.hint).toBeUndefined();
});

it("leaves bugs and errors that are already worded for the user as they are", () => {
  const bug = new TypeError("x is not a function");
  expect(awsError(bug, "s3:ListBucket", "x")).toBe(bug);
  const told = new AppError("E_USAGE", "no");
  expect(awsError(told, "s3:ListBucket", "x")).toBe(told);
});
