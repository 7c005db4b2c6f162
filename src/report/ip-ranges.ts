import * as z from "zod";
import { AppError } from "../errors.ts";
import { parsePrefix } from "../net/parse.ts";

const WORD = z.string().regex(/^[\w-]{1,64}$/);
const block = z.string().refine((text) => parsePrefix(text) !== null);
const RANGES = z.object({
  prefixes: z.array(z.object({ ip_prefix: block, service: WORD, region: WORD })).default([]),
  ipv6_prefixes: z.array(z.object({ ipv6_prefix: block, service: WORD, region: WORD })).default([]),
});

/**
 * The ranges of AWS's ip-ranges.json (https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html) as items of a
 * list parameter: `prefix service region`. `source` names the file. Throws `E_USAGE` for anything else.
 */
export function ipRangeItems(text: string, source: string): string {
  const fail = (what: string, cause?: unknown): never => {
    throw new AppError("E_USAGE", `${source}: ${what}`, {
      hint: "AWS publishes it at https://ip-ranges.amazonaws.com/ip-ranges.json",
      cause,
    });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return fail("not JSON, so not AWS's ip-ranges.json", cause);
  }
  const { data, error } = RANGES.safeParse(json);
  if (error) return fail(`/${error.issues[0].path.join("/")} is not as in AWS's ip-ranges.json`, error);
  const items = [
    ...data.prefixes.map(({ ip_prefix: prefix, service, region }) => `${prefix} ${service} ${region}`),
    ...data.ipv6_prefixes.map(({ ipv6_prefix: prefix, service, region }) => `${prefix} ${service} ${region}`),
  ];
  return items.length > 0 ? items.join("\n") : fail("it holds no prefixes");
}
