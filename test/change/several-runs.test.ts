import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removableSet } from "../../src/change/removable.ts";
import { TIGHTEN_DEFAULTS } from "../../src/change/tighten/propose.ts";
import { tightenRules } from "../../src/change/tighten/tighten.ts";
import { changesOf, checkProposal, proposeEdit } from "../../src/change/what-if.ts";
import type { SecurityGroupRule } from "../../src/model/model.ts";
import { groupRuleText } from "../../src/report/rule-text.ts";
import { type StoredRecords, newestSnapshot, openStoredRecords } from "../../src/store/stored-records.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const WIDE = "sgr-0ef6ec91532d35b0b";
const folder = temporaryFolder();
let stored: StoredRecords;

interface RuleShape {
  readonly SecurityGroupRuleId: string;
}

/** The configuration of the sample with other rules. */
function modelWith(name: string, change: (rules: readonly RuleShape[]) => readonly RuleShape[]): string {
  const model = join(folder, name);
  cpSync(sample("production-vpc/config"), model, { recursive: true });
  const file = join(model, "security-group-rules.json");
  const { SecurityGroupRules: rules } = JSON.parse(readFileSync(file, "utf8")) as { SecurityGroupRules: RuleShape[] };
  writeFileSync(file, JSON.stringify({ SecurityGroupRules: change(rules) }));
  rmSync(join(model, "security-groups.json"));
  return model;
}

const wideRule = (of: StoredRecords): SecurityGroupRule[] =>
  [...newestSnapshot(of)!.securityGroups.values()].flatMap((group) => group.rules).filter(({ id }) => id === WIDE);

/** Half of the logs were judged before the wide rule existed, the other half with it. */
beforeAll(async () => {
  const before = modelWith("before", (rules) => rules.filter((one) => one.SecurityGroupRuleId !== WIDE));
  const logs = readdirSync(sample("production-vpc/v5"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".gz"))
    .sort();
  for (const [half, from, to] of [
    ["first", 0, logs.length >> 1],
    ["second", logs.length >> 1, logs.length],
  ] as const) {
    logs
      .slice(from, to)
      .forEach((name, at) => cpSync(sample(`production-vpc/v5/${name}`), join(folder, half, `${at}.gz`)));
  }
  await replayInto(folder, join(folder, "first"), before);
  stored = await openStoredRecords(await replayInto(folder, join(folder, "second"), sample("production-vpc/config")));
});
afterAll(() => {
  stored.close();
});

test("a rule that only the later configuration has can be removed, and found removable", async () => {
  const edit = { remove: [WIDE], add: [] };
  checkProposal(stored, edit, (inForce) => inForce);
  const { tally } = await changesOf(stored, proposeEdit(edit));
  expect(tally.effects.breaks).toBeGreaterThan(0);
  expect(() => checkProposal(stored, { remove: ["sgr-nowhere"], add: [] }, (inForce) => inForce)).toThrow(
    'no rule "sgr-nowhere" in the model',
  );
  const { rules } = await removableSet(stored, { realOnly: false });
  expect(rules.map(({ rule }) => rule.id)).toContain("sgr-0f63602a6e96227cb");
});

test("its narrower rule takes its place where it stood, and accepts nothing of the time before", async () => {
  const [found] = (await tightenRules(stored, wideRule(stored), TIGHTEN_DEFAULTS))!.rules;
  expect(found.status).toBe("narrow");
  expect(found.replacement!.rules.map(groupRuleText)).toEqual(["ingress tcp 9010 from sg-056542997415ec0d3"]);
});

test("a rule that was wider before is kept: what it no longer admits is not given back", async () => {
  const after = modelWith("after", (rules) =>
    rules.map((one) => (one.SecurityGroupRuleId === WIDE ? { ...one, FromPort: 9050 } : one)),
  );
  const own = mkdtempSync(join(folder, "w"));
  await replayInto(own, join(folder, "first"), sample("production-vpc/config"));
  const changed = await openStoredRecords(await replayInto(own, join(folder, "second"), after));
  const [found] = (await tightenRules(changed, wideRule(changed), TIGHTEN_DEFAULTS))!.rules;
  changed.close();
  expect([found.status, found.reason]).toEqual([
    "keep",
    "it was wider within the window and no longer admits 1 of its services",
  ]);
});
