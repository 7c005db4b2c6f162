import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Exemptions, readExemptions } from "../../../src/report/findings/exemptions.ts";
import type { Finding } from "../../../src/report/findings/finding.ts";
import { ALL_CHECKS } from "../../../src/report/findings/kinds.ts";
import { withFolder } from "../../helpers/folder.ts";

const TODAY = "2026-11-24";
const WHY = { reason: "partner moves in spring", owner: "net-team", expires: "2026-11-24" };

function finding(over: Partial<Finding>): Finding {
  return {
    id: "f1",
    check: "unused-rules",
    state: "fail",
    severity: "medium",
    message: "",
    ruleIds: ["sgr-1"],
    coveringRuleIds: [],
    resourceIds: ["sg-1"],
    record: null,
    firstSeen: null,
    lastSeen: null,
    occurrences: 1,
    row: {},
    ...over,
  };
}

async function withExemptions(content: unknown, use: (one: Exemptions, file: string) => void): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "exemptions.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    use(readExemptions(file, TODAY, ALL_CHECKS), file);
  });
}

async function problemOf(content: unknown): Promise<string> {
  let message = "";
  await withFolder(async (folder) => {
    const file = join(folder, "exemptions.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    try {
      readExemptions(file, TODAY, ALL_CHECKS);
    } catch (error) {
      message = (error as Error).message.replace(file, "FILE");
    }
  });
  return message;
}

test("an exemption holds where everything that it names fits, to the end of its last day", async () => {
  const all = [
    { rule: "sgr-1", check: "unused-rules", ...WHY },
    { rule: "sgr-2", resource: "sg-2", ...WHY },
    { finding: "f3", ...WHY },
    { resource: "sg-4", check: "sg-unattached", ...WHY },
  ];
  await withExemptions({ exemptions: all }, (exemptions) => {
    const number = (over: Partial<Finding>) => exemptions.matching(finding(over))?.number ?? null;
    expect(number({})).toBe(0);
    expect(number({ check: "stale-open-rules" })).toBe(null);
    expect(number({ ruleIds: ["sgr-2"], resourceIds: ["sg-2"] })).toBe(1);
    expect(number({ ruleIds: ["sgr-2"], resourceIds: ["sg-1"] })).toBe(null);
    expect(number({ id: "f3", ruleIds: [], resourceIds: [] })).toBe(2);
    expect(number({ check: "sg-unattached", ruleIds: [], resourceIds: ["sg-4"] })).toBe(3);
  });
});

test("one rule's exemption does not answer for a finding about several", async () => {
  await withExemptions({ exemptions: [{ rule: "sgr-1", ...WHY }] }, (exemptions) => {
    expect(exemptions.matching(finding({ ruleIds: ["sgr-1", "sgr-9"] }))).toBe(null);
    expect(exemptions.matching(finding({ ruleIds: [] }))).toBe(null);
    expect(exemptions.matching(finding({ ruleIds: ["sgr-1"] }))).not.toBe(null);
  });
});

test("an expired exemption covers nothing and is named, one that nothing falls under too", async () => {
  const all = [
    { rule: "sgr-1", ...WHY, expires: "2026-11-23" },
    { rule: "sgr-7", check: "unused-rules", ...WHY },
    { rule: "sgr-7", check: "overbroad-rules", ...WHY },
  ];
  await withExemptions({ exemptions: all }, (exemptions) => {
    expect(exemptions.matching(finding({}))).toBe(null);
    expect(exemptions.notes(new Set(["unused-rules"]))).toEqual([
      "exemption /exemptions/0 (sgr-1, net-team) expired after 2026-11-23: its finding is back",
      "exemption /exemptions/1 (unused-rules sgr-7, net-team) covers no finding: it can be removed",
    ]);
  });
});

test.each([
  ["not JSON", "{", /^exemptions FILE: not valid JSON: /],
  ["a list", [], /^exemptions FILE: Invalid input: expected object/],
  ["no list", {}, /^exemptions FILE: \/exemptions: missing$/],
  ["nothing named", { exemptions: [WHY] }, /^exemptions FILE: \/exemptions\/0: names no finding, rule or resource$/],
  [
    "no owner",
    { exemptions: [{ rule: "r", reason: "x", expires: "2026-12-31" }] },
    /FILE: \/exemptions\/0\/owner: missing$/,
  ],
  [
    "no reason",
    { exemptions: [{ rule: "r", ...WHY, reason: " " }] },
    /\/exemptions\/0\/reason: must not be empty, not ""$/,
  ],
  [
    "no such day",
    { exemptions: [{ rule: "r", ...WHY, expires: "2026-02-30" }] },
    /\/exemptions\/0\/expires: expected a date such as 2026-12-31, not "2026-02-30"$/,
  ],
  [
    "a slip of the pen",
    { exemptions: [{ rule: "r", ...WHY, expire: "2026-12-31" }] },
    /\/exemptions\/0: unknown key expire$/,
  ],
  [
    "a check that does not exist",
    { exemptions: [{ rule: "r", check: "unused-rule", ...WHY }] },
    /\/exemptions\/0\/check: there is no check "unused-rule"$/,
  ],
  ["an id that is none", { exemptions: [{ ...WHY, rule: "a\u001b[31m" }] }, /\/exemptions\/0\/rule: expected an id/],
])("refuses a file with %s in one line", async (_what, content, message) => {
  const problem = await problemOf(content);
  expect(problem).toMatch(message);
  expect(problem).not.toContain("\n");
});
