import { AppError } from "../errors.ts";
import { parsePrefix } from "../net/parse.ts";
import type { Parameters } from "../store/evidence-query.ts";
import { plainTime } from "../text.ts";
import type { Report, ReportParameter } from "./catalogue.ts";

/** Days that the window of a rule must have, as in the headers of the reports: what comes once a month was due. */
export const DEFAULT_MIN_DAYS = 30;

/** Values as the user gives them, by parameter name. */
export type GivenParameters = Readonly<Record<string, string>>;

/** The values that this report takes, of those given for several reports. */
export function ownParameters(report: Report, given: GivenParameters): GivenParameters {
  return Object.fromEntries(
    report.parameters.flatMap(({ name }) => (Object.hasOwn(given, name) ? [[name, given[name]]] : [])),
  );
}

/** The values to bind: those given, the defaults for the rest. Throws `E_USAGE` for an unknown name or a bad value. */
export function bindParameters(report: Report, given: GivenParameters): Parameters {
  for (const name of Object.keys(given)) {
    if (report.parameters.some((parameter) => parameter.name === name)) continue;
    const names = report.parameters.map((parameter) => parameter.name);
    throw new AppError("E_USAGE", `report ${report.name} has no parameter ${name}`, {
      hint: names.length > 0 ? `it takes ${names.join(", ")}` : "it takes none",
    });
  }
  return Object.fromEntries(
    report.parameters.map((parameter) => [parameter.name, parseValue(report, parameter, given[parameter.name])]),
  );
}

function parseValue(report: Report, parameter: ReportParameter, given: string | undefined): Parameters[string] {
  const text = given ?? parameter.default;
  if (text === null) return parameter.type === "list" ? [] : null;
  const fail = (wanted: string): never => {
    throw new AppError("E_USAGE", `report ${report.name}: parameter ${parameter.name} must be ${wanted}, not ${text}`, {
      hint: parameter.description,
    });
  };
  switch (parameter.type) {
    case "integer": {
      const value = Number(text);
      return /^-?\d+$/.test(text) && Number.isSafeInteger(value) ? value : fail("a whole number");
    }
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : fail("a number");
    case "timestamp":
      return parseTime(text) ?? fail("a time such as 2026-11-01T09:00:00Z");
    case "list":
      return listItems(text);
    case "text":
      return text;
  }
}

/** UTC unless the text has an offset. The result is text that SQL casts to `timestamp`. */
function parseTime(text: string): string | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  if (match === null) return null;
  const milliseconds = Date.parse(`${match[1]}T${match[2] ?? "00:00"}${match[3] ?? "Z"}`);
  return Number.isNaN(milliseconds) ? null : plainTime(milliseconds / 1000);
}

/** Items separated by commas or line ends; `#` starts a comment. */
function listItems(text: string): readonly string[] {
  return text
    .split("\n")
    .flatMap((line) => line.replace(/#.*$/, "").split(","))
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/**
 * AWS's ip-ranges.json (https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html) as the value of a list
 * parameter: items `prefix service region`. `source` names the file. Throws `E_USAGE` for anything else.
 */
export function ipRangeItems(text: string, source: string): string {
  const fail = (what: string, cause?: unknown): never => {
    throw new AppError("E_USAGE", `${source}: ${what}`, {
      hint: "AWS publishes it at https://ip-ranges.amazonaws.com/ip-ranges.json",
      cause,
    });
  };
  const wrong = (pointer: string): never => fail(`${pointer} is not as in AWS's ip-ranges.json`);
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    return fail("not JSON, so not AWS's ip-ranges.json", cause);
  }
  if (!isObject(file)) return wrong("/");
  const { prefixes = [], ipv6_prefixes: prefixes6 = [] } = file;
  if (!Array.isArray(prefixes)) return wrong("/prefixes");
  if (!Array.isArray(prefixes6)) return wrong("/ipv6_prefixes");
  const item = (entry: unknown, pointer: string, prefixKey: string): string => {
    if (!isObject(entry)) return wrong(pointer);
    const { [prefixKey]: prefix, service, region } = entry;
    if (typeof prefix !== "string" || parsePrefix(prefix) === null) return wrong(`${pointer}/${prefixKey}`);
    if (!isWord(service)) return wrong(`${pointer}/service`);
    return isWord(region) ? `${prefix} ${service} ${region}` : wrong(`${pointer}/region`);
  };
  const items = [
    ...prefixes.map((entry, at) => item(entry, `/prefixes/${at}`, "ip_prefix")),
    ...prefixes6.map((entry, at) => item(entry, `/ipv6_prefixes/${at}`, "ipv6_prefix")),
  ];
  return items.length > 0 ? items.join("\n") : fail("it holds no prefixes");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names of services and regions; a comma or a blank would start another item. */
function isWord(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{1,64}$/.test(value);
}
