import { describe, expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import type { Explanation, NamedJudgement } from "../../src/explain/trace.ts";
import { loadModel } from "../../src/model/load.ts";
import { renderExplanations } from "../../src/report/explanation.ts";
import { judgeFast, sorted } from "../evaluate/judge-fast.ts";
import { withFolder } from "../helpers/folder.ts";
import { layOut, type Row, stated, verdictCases } from "../helpers/verdict-case.ts";

const cases = verdictCases();

describe("both evaluators say of every record what AWS documents, and the same in everything else", () => {
  test.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    await withFolder(async (folder) => {
      const { expected } = one;
      const model = await loadModel(layOut(one, folder).model);
      const fast = judgeFast(model, [one.logs]);
      const explained = createExplainer(model).explain(fast.map(({ record }) => record));
      const plain = explained.map(({ judgement }) => sorted(judgement));
      const judged = fast.map(({ judgement }) => judgement);
      expect(stated(judged.map(toRow), expected), "the fast evaluator").toEqual(expected.records);
      expect(stated(plain.map(toRow), expected), "the plain evaluator").toEqual(expected.records);
      expect(plain).toEqual(judged);
      await checkText(explained);
    });
  });
});

/** A judgement in the columns of the view `flows`. */
function toRow(judgement: NamedJudgement): Row {
  const { direction, initiator, evidence, verdict, agreement, cause, decidedBy, layers, snapshot } = judgement;
  return {
    direction,
    initiator,
    initiator_evidence: evidence,
    verdict,
    agreement,
    cause,
    decided_by: decidedBy,
    ...layers,
    nacl_rule_id: judgement.naclRuleId,
    sg_rule_ids: judgement.sgRuleIds,
    sg_possible_rule_ids: judgement.sgPossibleIds,
    snapshot,
  };
}

const PLAIN = { style: { bold: (text: string) => text, dim: (text: string) => text }, width: 80 };

/** `explain` describes every record within 80 columns. */
async function checkText(explained: readonly Explanation[]): Promise<void> {
  let text = "";
  for await (const piece of renderExplanations(explained, PLAIN)) text += piece;
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(text).not.toMatch(/undefined|NaN|\[object/);
}

test("every case states its sentence, and something of every record", () => {
  const bare = cases.filter(({ expected: { section, sentence, records }, logs }) => {
    return !section || sentence.length < 10 || records.length === 0 || logs.length === 0;
  });
  expect(bare.map(({ name }) => name)).toEqual([]);
  expect(cases.length).toBeGreaterThan(100);
});
