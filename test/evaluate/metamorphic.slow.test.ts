import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { NamedJudgement } from "../../src/explain/trace.ts";
import { modelOf } from "../helpers/model-of.ts";
import { judgeFast, sorted, type Judged } from "./judge-fast.ts";
import { isSplit, renamed, split, swapApart, withRule } from "./random/edits.ts";
import { describeHistory, groupRule, history, type History } from "./random/network.ts";
import { segments, textOf, type LogText } from "./random/records.ts";
import { runs } from "./random/runs.ts";

const asked = runs(120);

const judge = (configurations: History, parts: readonly (readonly LogText[])[]): Judged[] =>
  judgeFast(
    modelOf(describeHistory(configurations)),
    parts.map((texts) => texts.map(textOf)),
  );
const verdicts = (judged: readonly Judged[]): NamedJudgement[] => judged.map(({ judgement }) => judgement);

/** A rule like any other, or one that lets everything pass. */
const addedRule = fc.oneof(
  groupRule,
  fc
    .tuple(fc.constantFrom("sg-a", "sg-b", "sg-c"), fc.boolean())
    .map(([GroupId, IsEgress]) => ({ GroupId, IsEgress, IpProtocol: "-1", CidrIpv4: "0.0.0.0/0" })),
);

test(`another group rule turns no allow into a deny (${asked.name})`, () => {
  let turned = 0;
  fc.assert(
    fc.property(history, segments, addedRule, ([first], parts, rule) => {
      const before = verdicts(judge([first], parts));
      const after = verdicts(judge([withRule(first, rule)], parts));
      for (const [at, { verdict, initiator, evidence }] of before.entries()) {
        // A port that a rule names looks more like a server's: who is taken for the opener may be another one.
        if (after[at].initiator !== initiator || after[at].evidence !== evidence) continue;
        if (verdict === "allow") expect(after[at].verdict).not.toBe("deny");
        if (verdict === "deny" && after[at].verdict === "allow") turned++;
      }
    }),
    asked.parameters,
  );
  // Or the rules added were of no consequence.
  expect(turned).toBeGreaterThan(0);
});

test(`swapping network ACL entries that match nothing in common changes no verdict (${asked.name})`, () => {
  let swapped = 0;
  fc.assert(
    fc.property(history, segments, fc.nat(), fc.nat(1), (configurations, parts, at, acl) => {
      const last = configurations.at(-1)!;
      const entries = last.entries[acl];
      const swap = entries === null ? null : swapApart(entries, at);
      if (swap === null) return;
      swapped++;
      const name = ["acl-a", "acl-b"][acl];
      // Entries are named by their numbers: of this configuration's answers those two are read as each other.
      const rename = (judgement: NamedJudgement): NamedJudgement => {
        const [aclId, ...place] = judgement.naclRuleId?.split("/") ?? [];
        const other = swap.ids.get(place.join("/"));
        const here = aclId === name && judgement.snapshot === `config-${configurations.length - 1}`;
        return here && other ? { ...judgement, naclRuleId: `${name}/${other}` } : judgement;
      };
      const changed = { ...last, entries: last.entries.map((one, index) => (index === acl ? swap.entries : one)) };
      const after = verdicts(judge([...configurations.slice(0, -1), changed], parts));
      expect(after.map(rename)).toEqual(verdicts(judge(configurations, parts)));
    }),
    asked.parameters,
  );
  expect(swapped).toBeGreaterThan(asked.count / 10);
});

test(`a record split in two halves keeps its verdict (${asked.name})`, () => {
  fc.assert(
    fc.property(history, segments, ([first], parts) => {
      const whole = judge([first], parts);
      const halves = judge(
        [first],
        parts.map((texts) => texts.map(split)),
      );
      const records = parts.flat().flatMap((text) => text.records);
      let at = 0;
      for (const [index, { judgement }] of whole.entries()) {
        for (let half = isSplit(records[index]) ? 2 : 1; half > 0; half--) {
          const { verdict, initiator, layers, naclRuleId } = halves[at++].judgement;
          // The later half of what is refused may begin when its connection is no longer remembered.
          if (records[index].action !== "ACCEPT" && initiator !== judgement.initiator) continue;
          expect({ verdict, layers, naclRuleId, initiator }).toEqual({
            verdict: judgement.verdict,
            layers: judgement.layers,
            naclRuleId: judgement.naclRuleId,
            initiator: judgement.initiator,
          });
        }
      }
      expect(at).toBe(halves.length);
    }),
    asked.parameters,
  );
});

test(`other ids, in another order, change nothing but the ids (${asked.name})`, () => {
  fc.assert(
    fc.property(history, segments, (configurations, parts) => {
      const other = describeHistory(configurations).map(({ answers, ...when }) => ({
        ...when,
        answers: JSON.parse(renamed(JSON.stringify(answers))) as Record<string, unknown>,
      }));
      const after = judgeFast(
        modelOf(other),
        parts.map((texts) => texts.map((text) => renamed(textOf(text)))),
      );
      const before = verdicts(judge(configurations, parts)).map((one) =>
        sorted(JSON.parse(renamed(JSON.stringify(one))) as NamedJudgement),
      );
      expect(verdicts(after)).toEqual(before);
    }),
    asked.parameters,
  );
});
