import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const FOLDER = fileURLToPath(new URL("../schemas/", import.meta.url));

function load(file: string): object {
  return JSON.parse(readFileSync(FOLDER + file, "utf8")) as object;
}

// OCSF's language pattern is no regular expression of the `u` flag; the others do not need it.
const options = { strict: false, unicodeRegExp: false, allErrors: true };
const recent = new Ajv2020(options);
addFormats.default(recent);
const older = new Ajv(options);
addFormats.default(older);

const SARIF = older.compile(load("sarif-2.1.0.json"));
const ASFF = recent.compile(load("asff-2018-10-08.json"));
const OCSF: Readonly<Record<number, ValidateFunction>> = {
  2003: recent.compile(load("ocsf-1.5.0-compliance-finding.json")),
  2004: recent.compile(load("ocsf-1.5.0-detection-finding.json")),
};

function problems(validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`,
  );
}

/** What the schema of SARIF 2.1.0 has against a log. */
export const sarifProblems = (log: unknown): string[] => problems(SARIF, log);
/** What the limits of AwsSecurityFinding have against an array of findings. */
export const asffProblems = (findings: unknown): string[] => problems(ASFF, findings);
/** What OCSF 1.5.0 has against events, each by its own class. */
export const ocsfProblems = (events: readonly { readonly class_uid: number }[]): string[] =>
  events.flatMap((event) => problems(OCSF[event.class_uid], event));
