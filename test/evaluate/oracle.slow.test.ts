import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import { modelOf } from "../helpers/model-of.ts";
import { judgeFast, sorted } from "./judge-fast.ts";
import { describeHistory, history } from "./random/network.ts";
import { segments, textOf } from "./random/records.ts";
import { runs } from "./random/runs.ts";

const asked = runs(1200);

test(`both evaluators say the same of random records under random models (${asked.name})`, () => {
  let pairs = 0;
  fc.assert(
    fc.property(history, segments, (configurations, parts) => {
      const model = modelOf(describeHistory(configurations));
      const fast = judgeFast(
        model,
        parts.map((texts) => texts.map(textOf)),
      );
      const explainer = createExplainer(model);
      let at = 0;
      for (const texts of parts) {
        const rows = texts.reduce((sum, { records }) => sum + records.length, 0);
        const together = fast.slice(at, (at += rows));
        const slow = explainer.explain(together.map(({ record }) => record));
        for (const [index, { judgement, record }] of together.entries()) {
          expect({ ...judgement, record }).toEqual({ ...sorted(slow[index].judgement), record });
        }
      }
      pairs += at;
    }),
    asked.parameters,
  );
  expect(pairs).toBeGreaterThan(asked.count * 10);
});
