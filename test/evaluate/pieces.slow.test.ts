import * as fc from "fast-check";
import { expect, test } from "vitest";
import { modelOf } from "../helpers/model-of.ts";
import { smallModel } from "../helpers/small-model.ts";
import { judgeInRuns } from "./judge-fast.ts";
import { episodes, partsOf } from "./random/episodes.ts";
import { describeHistory, history } from "./random/network.ts";
import { textOf } from "./random/records.ts";
import { runs } from "./random/runs.ts";

const asked = runs(250);

/** Without unknown interfaces: other parts may tell which side of a record is such an interface. */
const histories = history.filter((all) =>
  all.every(({ interfaces }) => interfaces.slice(0, 3).every((one) => one !== null)),
);

/** After each part: go on in the same segment, begin another one, or end the run and begin another. */
const cuts = fc.array(fc.constantFrom("segment", "segment", "run", "none"), { minLength: 4, maxLength: 4 });

test(`records replayed in pieces are judged, and rules credited, as in one go (${asked.name})`, () => {
  fc.assert(
    fc.property(histories, episodes, cuts, (configurations, traffic, after) => {
      const model = modelOf(describeHistory(configurations));
      const texts = partsOf(traffic).map(textOf);
      const whole = judgeInRuns(model, [[texts]]);
      const pieces: string[][][] = [[[texts[0]]]];
      texts.slice(1).forEach((text, at) => {
        if (after[at] === "none") pieces.at(-1)!.at(-1)!.push(text);
        else if (after[at] === "segment") pieces.at(-1)!.push([text]);
        else pieces.push([[text]]);
      });
      const cut = judgeInRuns(model, pieces);
      expect(cut.judged).toEqual(whole.judged);
      expect(new Map([...cut.usage].sort())).toEqual(new Map([...whole.usage].sort()));
    }),
    asked.parameters,
  );
});

test("a rule is first hit when its connection begins, even if that record arrives last", async () => {
  const model = await smallModel({
    subnets: { "subnet-1": "10.0.0.0/24" },
    interfaces: { "eni-1": "subnet-1 10.0.0.5 sg-1" },
    groups: { "sg-1": ["in tcp 443 0.0.0.0/0"] },
  });
  const line = (addresses: string, start: number): string =>
    `2 123456789012 eni-1 ${addresses} 6 4 400 ${start} ${start + 9} ACCEPT OK\n`;
  const answers = line("10.0.0.5 192.0.2.7 443 40001", 1_700_000_500);
  const requests = line("192.0.2.7 10.0.0.5 40001 443", 1_700_000_400);
  const [used] = judgeInRuns(model, [[[answers], [requests]]]).usage.values();
  expect(used.slice(-2)).toEqual([1_700_000_400, 1_700_000_509]);
});
