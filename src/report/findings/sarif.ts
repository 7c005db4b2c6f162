import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { Severity } from "../../analysis/lint/finding.ts";
import { safeJson, visible } from "../renderers/renderer.ts";
import type { Location, Locations } from "./locations.ts";
import { type BaselineState, type FindingDocument, justification, type ReviewedFinding } from "./review.ts";

const LEVELS: Readonly<Record<Severity, string>> = { high: "error", medium: "warning", low: "note", info: "note" };
/** GitHub sorts by this: above 7.0 high, above 4.0 medium, else low. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = { high: "8.0", medium: "5.0", low: "3.0", info: "1.0" };
const STATES: Readonly<Record<BaselineState, string>> = { new: "new", gone: "absent", still: "unchanged" };

/**
 * SARIF 2.1.0 (OASIS), one result per line. It has no times, so equal findings make equal files. `properties.row` is the row
 * of the report, so the file can serve as a baseline.
 */
export async function* renderSarif({
  kinds,
  findings,
  locations,
  toolVersion,
}: FindingDocument): AsyncGenerator<string> {
  const driver = {
    name: "flowreplay",
    version: toolVersion,
    semanticVersion: toolVersion,
    rules: kinds.map((kind) => ({
      id: kind.check,
      shortDescription: { text: plain(kind.title) },
      fullDescription: { text: plain(kind.description) },
      properties: { class: kind.class, tags: ["security", "network"] },
    })),
  };
  const indexes = new Map(kinds.map((kind, index) => [kind.check, index]));
  yield `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{\n"tool":${safeJson({ driver })},\n"columnKind":"utf16CodeUnits",\n"results":[`;
  let separator = "\n";
  for (const one of findings) {
    yield separator + safeJson(resultOf(one, indexes.get(one.kind.check) ?? -1, locations));
    separator = ",\n";
  }
  yield "\n]}]}\n";
}

/** JSON leaves out what is undefined. */
function resultOf({ finding, exemption, baseline }: ReviewedFinding, ruleIndex: number, known: Locations): object {
  const { id, check, state, severity, message, ruleIds, coveringRuleIds, resourceIds, record, occurrences } = finding;
  const about = [...ruleIds, ...(ruleIds.length === 0 ? resourceIds : [])].flatMap((name) =>
    sarifLocations(name, known),
  );
  const locations = about.length > 0 ? about : recordLocation(record);
  const related = [
    ...coveringRuleIds.flatMap((name) => sarifLocations(name, known)),
    ...(about.length > 0 ? recordLocation(record) : []),
  ];
  return {
    ruleId: check,
    ruleIndex,
    kind: state,
    level: state === "fail" ? LEVELS[severity] : "none",
    message: { text: plain(message) },
    locations: withLogical(locations, [...ruleIds, ...resourceIds]),
    relatedLocations: related.length > 0 ? related.map((location, at) => ({ id: at, ...location })) : undefined,
    fingerprints: { "flowreplay/v1": id },
    partialFingerprints: { "flowreplay/v1": id },
    occurrenceCount: occurrences > 1 ? occurrences : undefined,
    baselineState: baseline === null ? undefined : STATES[baseline],
    suppressions: exemption
      ? [{ kind: "external", status: "accepted", justification: plain(justification(exemption)) }]
      : undefined,
    properties: { severity, "security-severity": SECURITY_SEVERITY[severity], row: finding.row },
  };
}

function sarifLocations(id: string, known: Locations): object[] {
  const location = known.get(id);
  return location === undefined ? [] : [{ physicalLocation: physical(location), message: { text: plain(id) } }];
}

function physical({ file, line }: Pick<Location, "file" | "line">): object {
  return {
    artifactLocation: { uri: fileUri(file) },
    region: line === null || line < 1 ? undefined : { startLine: line },
  };
}

/** The log object and line of a record; standard input has none. */
function recordLocation(record: ReviewedFinding["finding"]["record"]): object[] {
  if (record === null || record.object === "-") return [];
  return [{ physicalLocation: physical({ file: record.object, line: record.line }) }];
}

function withLogical(locations: readonly object[], ids: readonly string[]): readonly object[] {
  if (ids.length === 0) return locations;
  const logicalLocations = ids.map((id) => ({ fullyQualifiedName: id, kind: "resource" }));
  const [first, ...rest] = locations;
  return [{ ...first, logicalLocations }, ...rest];
}

/** RFC 3986. Relative paths stay relative, so that viewers find files inside a repository. @internal */
export function fileUri(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return encodeURI(path).replace(/[#?]/g, encodeURIComponent);
  if (isAbsolute(path)) return pathToFileURL(path).href;
  return path.split(/[\\/]/).map(encodeURIComponent).join("/");
}

/** SARIF 3.11: braces are placeholders and brackets are links unless they are escaped. */
function plain(text: string): string {
  return visible(text)
    .replace(/[\\[\]]/g, (character) => `\\${character}`)
    .replace(/[{}]/g, (character) => character + character);
}
