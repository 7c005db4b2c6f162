import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { replay } from "../../../src/replay.ts";
import { loadCatalogue } from "../../../src/report/catalogue.ts";
import { findingReports, reviewReports, whereFrom } from "../../../src/report/findings/audit.ts";
import { FINDING_RENDERERS, type FindingFormat } from "../../../src/report/findings/audit.ts";
import { kindOf } from "../../../src/report/findings/kinds.ts";
import { locateInEvidence } from "../../../src/report/findings/locations.ts";
import type { FindingDocument } from "../../../src/report/findings/review.ts";
import { fileUri } from "../../../src/report/findings/sarif.ts";
import { runReport } from "../../../src/report/run-report.ts";
import { openEvidence, type EvidenceQuery } from "../../../src/store/evidence-query.ts";
import { temporaryFolder } from "../../helpers/folder.ts";
import { replayInto, sample } from "../../helpers/samples.ts";
import { asffProblems, ocsfProblems, sarifProblems } from "../../helpers/schemas.ts";

const NO_REVIEW = { exemptions: null, baseline: null };
const catalogue = loadCatalogue();
const stating = catalogue.filter((report) => kindOf(report) !== null);
const folder = temporaryFolder();
const CONFIG = sample("production-vpc/config");
let evidence: EvidenceQuery;
let document: FindingDocument;

beforeAll(async () => {
  evidence = await openEvidence(await replayInto(folder, sample("production-vpc/v5"), CONFIG));
  document = await documentOf(evidence);
}, 60_000);
afterAll(() => {
  evidence?.close();
});

/** Every finding of every report that states any. */
async function documentOf(evidence: EvidenceQuery): Promise<FindingDocument> {
  const reports = findingReports(stating, catalogue);
  const findings = await reviewReports(evidence, reports, {}, NO_REVIEW);
  const notes: string[] = [];
  const locations = await locateInEvidence(
    evidence,
    findings.map((one) => one.finding),
    (text) => notes.push(text),
  );
  expect(notes).toEqual([]);
  const kinds = reports.map((one) => one.kind);
  return { kinds, findings, locations, toolVersion: "1.2.3", now: new Date(0), ...(await whereFrom(evidence)) };
}

async function written(format: FindingFormat, from: FindingDocument): Promise<string> {
  let text = "";
  for await (const piece of FINDING_RENDERERS[format](from)) text += piece;
  return text;
}

interface SarifResult {
  readonly ruleId: string;
  readonly kind: string;
  readonly level: string;
  readonly fingerprints: Record<string, string>;
  readonly locations: {
    readonly physicalLocation?: {
      readonly artifactLocation: { readonly uri: string };
      readonly region?: { readonly startLine: number };
    };
    readonly message?: { readonly text: string };
  }[];
}

async function sarifResults(from: FindingDocument): Promise<SarifResult[]> {
  const log = JSON.parse(await written("sarif", from)) as { runs: [{ results: SarifResult[] }] };
  expect(sarifProblems(log)).toEqual([]);
  return log.runs[0].results;
}

test("every column that makes a finding is a column of its report", async () => {
  for (const report of stating) {
    const { columns } = await runReport(evidence, report, {}).then(async ({ columns, chunks }) => {
      for await (const _ of chunks) continue;
      return { columns };
    });
    const names = columns.map((column) => column.name);
    const kind = kindOf(report)!;
    const used = [...kind.key, ...kind.rules({ decided_by: "nacl_in" }), ...kind.resources, ...kind.covering];
    expect(
      used.filter((name) => !names.includes(name)),
      report.name,
    ).toEqual([]);
  }
});

test("SARIF fits its schema, and results point at the line where their rule stands", async () => {
  const results = await sarifResults(document);
  expect(results.length).toBe(document.findings.length);
  let checked = 0;
  for (const { locations, ruleId } of results) {
    for (const { physicalLocation, message } of locations) {
      if (message === undefined || physicalLocation === undefined) continue;
      const id = message.text;
      const lines = readFileSync(new URL(physicalLocation.artifactLocation.uri), "utf8").split("\n");
      const own = objectAt(lines, physicalLocation.region!.startLine);
      const [acl, direction, number] = id.split("/");
      if (number !== undefined) {
        expect(own, `${ruleId} ${id}`).toMatchObject({ Egress: direction === "egress" });
        expect([number, number === "*" ? 32767 : null, number === "*" ? 32768 : null].map(String)).toContain(
          String(own.RuleNumber),
        );
      } else expect(own.SecurityGroupRuleId ?? own.NetworkInterfaceId ?? own.GroupId ?? own.NetworkAclId).toBe(acl);
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(50);
});

/** The JSON object that begins on a line (1-based). */
function objectAt(lines: readonly string[], line: number): Record<string, unknown> {
  const indent = lines[line - 1].search(/\S/);
  const end = lines.findIndex((text, at) => at >= line && text.search(/\S/) === indent && /^\s*\}/.test(text));
  const text = lines.slice(line - 1, end + 1).join("\n");
  return JSON.parse(text.trim().replace(/,$/, "")) as Record<string, unknown>;
}

test("no line is named once the model's files say something else", async () => {
  const config = join(folder, "config");
  cpSync(CONFIG, config, { recursive: true });
  const own = join(folder, "own");
  mkdirSync(own);
  const changed = await openEvidence(await replayInto(own, sample("production-vpc/v5"), config));
  try {
    const file = join(config, "security-group-rules.json");
    const rules = JSON.parse(readFileSync(file, "utf8")) as { SecurityGroupRules: object[] };
    const findings = document.findings.map((one) => one.finding);
    const notes: string[] = [];
    const rule = "sgr-0f63602a6e96227cb";
    // Written otherwise, it says the same: the lines are those of today.
    writeFileSync(file, JSON.stringify(rules));
    const same = await locateInEvidence(changed, findings, (text) => notes.push(text));
    expect(same.get(rule)).toMatchObject({ file, line: 1 });
    expect(notes).toEqual([]);
    writeFileSync(file, JSON.stringify({ SecurityGroupRules: rules.SecurityGroupRules.toReversed() }, null, 2));
    const locations = await locateInEvidence(changed, findings, (text) => notes.push(text));
    expect(locations.get(rule)).toMatchObject({ file, line: null });
    expect(notes).toEqual([`the model at ${config} has changed since: findings name files, not lines`]);
  } finally {
    changed.close();
  }
}, 60_000);

test("what cannot be decided is open and has no level", async () => {
  const open = (await sarifResults(document)).filter((one) => one.kind === "open");
  expect(open.length).toBeGreaterThan(0);
  for (const { level, ruleId } of open) {
    expect(level).toBe("none");
    expect(["unused-rules", "stale-open-rules", "redundant-rules", "overbroad-rules"]).toContain(ruleId);
  }
  const undecided = document.findings.filter((one) => one.finding.row.status === "insufficient_evidence");
  expect(new Set(undecided.map((one) => one.finding.state))).toEqual(new Set(["open"]));
});

test("OCSF events fit their classes, findings on rules 2003 and on traffic 2004", async () => {
  const events = JSON.parse(await written("ocsf", document)) as {
    class_uid: number;
    metadata: { version: string };
    finding_info: { types: string[] };
  }[];
  expect(ocsfProblems(events)).toEqual([]);
  expect(events.length).toBe(document.findings.length);
  const classOf = new Map(events.map((event) => [event.finding_info.types[0], event.class_uid]));
  expect(classOf.get("unused-rules")).toBe(2003);
  expect(classOf.get("rejected-probes")).toBe(2004);
  expect(new Set(events.map((event) => event.metadata.version))).toEqual(new Set(["1.5.0"]));
});

test("ASFF fits AwsSecurityFinding; account and region come from the evidence, or are asked for", async () => {
  const findings = JSON.parse(await written("asff", document)) as Record<string, unknown>[];
  expect(asffProblems(findings)).toEqual([]);
  expect(findings.length).toBe(document.findings.length);
  expect(findings[0]).toMatchObject({ AwsAccountId: "123456789012", RecordState: "ACTIVE" });
  expect(JSON.stringify(findings)).toContain("arn:aws:ec2:us-east-1:123456789012:security-group/sg-");
  await expect(written("asff", { ...document, region: null })).rejects.toThrow("asff needs --region");
  await expect(written("asff", { ...document, account: null })).rejects.toThrow("asff needs --account");
});

test("hostile and endless text stays inside the formats' limits", async () => {
  const [one] = document.findings.filter((each) => each.finding.check === "unused-rules");
  const message = `\u001b[31m{0} [x](http://y) ${"\u{1f600}".repeat(3000)}`;
  const ruleIds = Array.from({ length: 400 }, (_, at) => `sgr-${"0".repeat(17)}${at}`);
  const resourceIds = Array.from({ length: 60 }, (_, at) => `eni-${at}`);
  const finding = { ...one.finding, message, ruleIds, resourceIds };
  const hostile = { ...document, findings: [{ ...one, finding }] };
  const asff = await written("asff", hostile);
  expect(asffProblems(JSON.parse(asff))).toEqual([]);
  // A cut between the halves of a surrogate pair would show as the replacement character.
  expect(Buffer.from(asff, "utf8").toString("utf8")).toBe(asff);
  expect(asff).not.toContain('\\ud83d"');
  expect(ocsfProblems(JSON.parse(await written("ocsf", hostile)) as { class_uid: number }[])).toEqual([]);
  const sarif = await written("sarif", hostile);
  expect(sarifProblems(JSON.parse(sarif))).toEqual([]);
  expect(sarif).toContain("\\\\x1b\\\\[31m{{0}} \\\\[x\\\\](http://y)");
});

test("ids are unique, and the same when the same logs are read again in another order", async () => {
  const ids = document.findings.map((one) => one.finding.id);
  expect(new Set(ids).size).toBe(ids.length);
  const objects = (await sourceObjects()).toReversed();
  const db = join(folder, "again.duckdb");
  const silent = { note: () => {}, progress: () => {} };
  await replay(
    { sources: objects, model: CONFIG, db, keepFlows: true, workers: 0, aws: {}, toolVersion: "other" },
    silent,
  );
  const again = await openEvidence(db);
  try {
    const other = await documentOf(again);
    expect(other.findings.map((one) => one.finding.id).sort()).toEqual(ids.toSorted());
    expect(await written("sarif", { ...other, toolVersion: "1.2.3", now: new Date() })).toBe(
      await written("sarif", document),
    );
  } finally {
    again.close();
  }
}, 60_000);

async function sourceObjects(): Promise<string[]> {
  return (await evidence.run("select source_object from sources order by 1")).rows.map(([object]) => String(object));
}

test("locations are URIs, relative where the path is", () => {
  expect(fileUri("config/a b#1.json")).toBe("config/a%20b%231.json");
  expect(fileUri("/tmp/a b#1.json")).toBe("file:///tmp/a%20b%231.json");
  expect(fileUri("s3://bucket/a b#1.gz")).toBe("s3://bucket/a%20b%231.gz");
});
