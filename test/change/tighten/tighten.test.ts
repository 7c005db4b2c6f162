import { copyFileSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TightenedRule, TightenOptions } from "../../../src/change/tighten/propose.ts";
import { editOf, tightenRules } from "../../../src/change/tighten/tighten.ts";
import { breaksTraffic, changesOf, proposeEdit } from "../../../src/change/what-if.ts";
import { type Edit, applyEdit } from "../../../src/model/edit.ts";
import type { SecurityGroupRule } from "../../../src/model/model.ts";
import { groupRuleText } from "../../../src/report/rule-text.ts";
import { tightenCandidates } from "../../../src/report/tighten-candidates.ts";
import { pruneFlows } from "../../../src/store/prune.ts";
import { type StoredRecords, newestSnapshot, openStoredRecords } from "../../../src/store/stored-records.ts";
import { temporaryFolder, withFolder } from "../../helpers/folder.ts";
import { replayInto, sample } from "../../helpers/samples.ts";
import { type RandomNetwork, randomNetwork, writeNetwork } from "../random-network.ts";
import { slowChanges } from "../slow-changes.ts";

const OPTIONS: TightenOptions = {
  maxRules: 10,
  shortest4: 24,
  shortest6: 64,
  portGap: 0,
  references: true,
  keepReplyless: false,
  holdOut: 0.3,
};

const groupRules = (stored: StoredRecords): SecurityGroupRule[] =>
  [...newestSnapshot(stored)!.securityGroups.values()].flatMap((group) => group.rules);

function asEdit(found: readonly TightenedRule[]): Edit {
  const { remove, add } = editOf(found);
  return { remove, add: add.map((rule) => ({ kind: "group-rule", rule })) };
}

/** A flow that was accepted and answered is real: six packets each way, nobody here scans. */
function realLines({ flows }: RandomNetwork): Set<number> {
  const real = flows.flatMap((flow) => (flow.accepted && flow.answered ? [true, true] : [false]));
  return new Set(real.flatMap((is, at) => (is ? [at + 2] : [])));
}

/** Two flows of three are accepted and answered, and a few rules for everything admit most of them. */
const busyNetwork = randomNetwork.map((network) => ({
  ...network,
  rules: [
    ...network.rules,
    ...[
      ["sg-a", false],
      ["sg-b", true],
      ["sg-c", false],
    ].map(([GroupId, IsEgress]) => ({
      GroupId,
      IsEgress,
      IpProtocol: "-1",
      FromPort: -1,
      ToPort: -1,
      CidrIpv4: "0.0.0.0/0",
    })),
  ],
  flows: network.flows.map((flow, at) => (at % 3 === 0 ? flow : { ...flow, accepted: true, answered: true })),
}));

test("no real record turns, whatever rules, traffic and limits; what is proposed is narrower", async () => {
  const limits = fc.record({
    maxRules: fc.integer({ min: 1, max: 10 }),
    shortest4: fc.constantFrom(8, 24, 32),
    portGap: fc.constantFrom(0, 400),
    references: fc.boolean(),
    keepReplyless: fc.boolean(),
  });
  const seen = { narrow: 0, redundant: 0, keep: 0 };
  await withFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(busyNetwork, limits, async (network, some) => {
        const own = mkdtempSync(join(folder, "n"));
        const { model, log } = writeNetwork(own, network);
        const stored = await openStoredRecords(await replayInto(own, log, model));
        try {
          const found = await tightenRules(stored, groupRules(stored), { ...OPTIONS, ...some });
          expect(found!.rules).toHaveLength(network.rules.length);
          const inForce = [...stored.models.values()][0];
          const edit = asEdit(found!.rules);
          const turned = await slowChanges(stored, inForce, applyEdit(inForce, edit));
          const real = realLines(network);
          const broken = turned.filter(
            (change) => change.endsWith(">deny") && real.has(Number(/\|(\d+):/.exec(change)![1])),
          );
          expect(broken).toEqual([]);
          expect(turned.filter((change) => change.endsWith("deny>allow"))).toEqual([]);
          for (const { status, breadth, replacement } of found!.rules) {
            seen[status]++;
            if (!replacement) continue;
            expect(replacement.breadth).toBeLessThan(breadth);
            expect(replacement.rules.length).toBeLessThanOrEqual(some.maxRules);
          }
        } finally {
          stored.close();
        }
      }),
      { numRuns: 15 },
    );
  });
  // Or nothing was tested.

  expect(seen.narrow).toBeGreaterThan(0);
});

describe.each(["v2", "v5"])("production-vpc, %s", (format) => {
  const folder = temporaryFolder();
  let stored: StoredRecords;
  beforeAll(async () => {
    const source = sample(`production-vpc/${format}`);
    stored = await openStoredRecords(await replayInto(folder, source, sample("production-vpc/config")));
  });
  afterAll(() => {
    stored.close();
  });
  const tighten = async (ruleIds: string[], options: Partial<TightenOptions> = {}): Promise<TightenedRule[]> => {
    const { rules } = await tightenCandidates(stored, { ruleIds, broad: 33, keepReplyless: false, minDays: 0 });
    return [...(await tightenRules(stored, rules, { ...OPTIONS, ...options }))!.rules];
  };
  test("all of it together breaks no real traffic and opens nothing; groups that were left stay as they are", async () => {
    const found = await tighten([]);
    const edit = asEdit(found);
    expect(edit.remove.length).toBeGreaterThan(10);
    const { tally, groups } = await changesOf(stored, proposeEdit(edit));
    expect(breaksTraffic(groups, tally)).toBe(false);
    expect(tally.effects.opens).toBe(0);
    const untouched = (await tightenCandidates(stored, { ruleIds: [], broad: 33, keepReplyless: false, minDays: 0 }))
      .untouched;
    expect(Object.fromEntries(untouched.map(({ rule, status }) => [rule.id, status]))).toMatchObject({
      "sgr-0229ab7721485beb9": "scanner_only",
      "sgr-097f89e19c7589592": "unused",
      "sgr-0b28e9470a7a37536": "insufficient_evidence",
      "sgr-0727b0354806bc7d2": "unattached",
    });
  });

  test("the planted wide range: its used port that no other rule admits, the scanner's port left out and counted", async () => {
    const wide = await tighten(["sgr-0ef6ec91532d35b0b"]);
    expect(texts(wide[0])).toEqual(["ingress tcp 9010 from sg-056542997415ec0d3"]);
    expect(wide[0].leftOut).toEqual({ scanner: 2, replyless: 0 });
    const [addresses] = await tighten(["sgr-0ef6ec91532d35b0b"], { references: false });
    expect(texts(addresses)).toEqual(["ingress tcp 9010 from 10.0.10.90/32"]);
  });

  test("both that admit the same: one of them serves it", async () => {
    const both = await tighten(["sgr-0ef6ec91532d35b0b", "sgr-03fe07318a746c80a"]);
    expect(both.map(({ rule, status }) => [rule.id, status])).toEqual([
      ["sgr-0ef6ec91532d35b0b", "narrow"],
      ["sgr-03fe07318a746c80a", "keep"],
    ]);
  });

  test("a rule for everything: services and peers as they were used, groups by name", async () => {
    const [everything] = await tighten(["sgr-0014c81f89b231a49"]);
    expect(texts(everything)).toEqual([
      "egress icmp to sg-09ee2a876925f04d6",
      "egress tcp 22 to sg-09ee2a876925f04d6",
      "egress tcp 3000 to sg-056542997415ec0d3",
      "egress tcp 443 to 23.94.60.7/32",
    ]);
  });

  test("too many networks for the rules allowed: kept, with what it would take, and the curve", async () => {
    const [kept] = await tighten(["sgr-05f11068b2cc2be50"], { maxRules: 4 });
    expect([kept.status, kept.reason]).toEqual([
      "keep",
      "within the limits of widening it would take 5 rules, more than 4",
    ]);
    expect(kept.replacement).toBeNull();
    expect(kept.curve.map(({ rules, withinLimits }) => [rules.length, withinLimits])).toEqual([
      [2, false],
      [3, false],
      [4, false],
    ]);
  });

  test("held-back traffic: addresses alone miss who came later, networks do not", async () => {
    const [networks] = await tighten(["sgr-05f11068b2cc2be50"], { holdOut: 0.5 });
    expect(networks.holdOut!.records).toBeGreaterThan(300);
    expect(networks.holdOut!.broken).toBe(0);
    const point = networks.curve.at(-1)!;
    expect(point.rules.length).toBeGreaterThan(5);
    expect(point.holdOut!.broken).toBeGreaterThan(0);
  });
});

test.each([
  ["established/v2", "established/history"],
  ["established/v5", "established/history"],
  ["nacl-ephemeral/v5", "nacl-ephemeral/config"],
])("%s: rules that left flows untracked, and rules that went on the way: nothing real breaks", async (log, model) => {
  await withFolder(async (folder) => {
    const stored = await openStoredRecords(await replayInto(folder, sample(log), sample(model)));
    // Whatever the worth of the evidence: all rules at once are the harder case.
    const found = (await tightenRules(stored, groupRules(stored), OPTIONS))!.rules;
    const narrowed = found.filter(({ status }) => status === "narrow");
    expect(narrowed.length).toBeGreaterThan(3);
    const { tally, groups } = await changesOf(stored, proposeEdit(asEdit(found)));
    expect(breaksTraffic(groups, tally)).toBe(false);
    if (log.startsWith("established")) {
      // The open way back of untracked flows: without it they are tracked, and their replies pass all the same.
      const [back] = found.filter(({ rule }) => rule.id === "sgr-0abf9cbc288d8f5d8");
      expect(texts(back)).toEqual(["egress tcp 8080 to sg-0e58308a10942248e"]);
    }
    stored.close();
  });
});

test("who was pruned is needed all the same: the whole log bears out what is learnt from what is left of it", async () => {
  await withFolder(async (folder) => {
    const [source, model] = [sample("production-vpc/v5"), sample("production-vpc/config")];
    const whole = await replayInto(folder, source, model);
    const left = join(folder, "left.duckdb");
    copyFileSync(whole, left);
    const { records } = await pruneFlows(left, Date.parse("2025-03-04T09:08:00Z") / 1000);
    expect(records).toBeGreaterThan(5000);
    const pruned = await openStoredRecords(left);
    const { rules } = await tightenCandidates(pruned, { ruleIds: [], broad: 33, keepReplyless: false, minDays: 0 });
    const found = (await tightenRules(pruned, rules, OPTIONS))!.rules;
    pruned.close();
    const stored = await openStoredRecords(whole);
    const { tally, groups } = await changesOf(stored, proposeEdit(asEdit(found)));
    stored.close();
    expect(found.filter(({ status }) => status === "narrow").length).toBeGreaterThan(10);
    expect(groups.filter((one) => one.effect === "breaks" && one.trafficClass === "real")).toEqual([]);
    expect(breaksTraffic(groups, tally)).toBe(false);
  });
});

function texts({ replacement }: TightenedRule): string[] | undefined {
  return replacement?.rules.map(groupRuleText).sort();
}
