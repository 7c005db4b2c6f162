import { expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import { modelOf } from "../helpers/model-of.ts";
import { describe } from "../helpers/small-model.ts";
import { judgeFast, sorted } from "./judge-fast.ts";

const model = modelOf([
  {
    name: "only",
    since: null,
    answers: describe({
      subnets: { "subnet-1": "10.0.0.0/24" },
      interfaces: { "eni-1": "subnet-1 10.0.0.5 sg-1" },
      groups: { "sg-1": ["in tcp 443 192.0.2.0/24"] },
    }),
  },
]);

const line = (text: string): string => {
  const [action, start, end] = text.split(" ");
  const times = `${1_700_000_000 + Number(start)} ${1_700_000_000 + Number(end)}`;
  return `2 123456789012 eni-1 192.0.2.7 10.0.0.5 40000 443 6 5 900 ${times} ${action} OK\n`;
};

// The client uses its port again and again; the time-out of TCP is 350 s.
test.each([
  ["after the connection", "late_packet", ["ACCEPT 0 10", "REJECT 20 25"]],
  ["in the second of its end", "late_packet", ["ACCEPT 0 10", "REJECT 10 25"]],
  ["amid it", "no_explanation", ["ACCEPT 0 30", "REJECT 20 25"]],
  ["between two records of it", "late_packet", ["ACCEPT 0 10", "ACCEPT 40 50", "REJECT 20 25"]],
  ["between two uses of the port", "late_packet", ["ACCEPT 0 10", "ACCEPT 1000 1010", "REJECT 20 25"]],
  ["between them, known in pieces", "late_packet", ["ACCEPT 0 10", "REJECT 20 25 |", "ACCEPT 300 310"]],
  ["amid the later of two", "no_explanation", ["ACCEPT 0 10", "ACCEPT 100 200", "REJECT 120 130"]],
  ["amid an earlier of three", "no_explanation", ["ACCEPT 0 50", "ACCEPT 100 110", "ACCEPT 1000 1010", "REJECT 20 25"]],
  ["after the time-out", "late_packet", ["ACCEPT 0 10", "REJECT 500 505"]],
  ["long after it", "no_explanation", ["ACCEPT 0 10", "REJECT 1000 1005"]],
  ["long after it, before the next", "no_explanation", ["ACCEPT 0 10", "REJECT 1000 1005", "ACCEPT 1020 1030"]],
  ["before the first", "no_explanation", ["REJECT 0 5", "ACCEPT 20 30"]],
])("a rejected packet %s has the cause %s", (_name, cause, lines) => {
  const segments: string[] = [""];
  for (const text of lines) {
    segments[segments.length - 1] += line(text);
    if (text.endsWith("|")) segments.push("");
  }
  const fast = judgeFast(
    model,
    segments.map((text) => [text]),
  );
  const at = lines.findIndex((text) => text.startsWith("REJECT"));
  expect(fast[at].judgement).toMatchObject({ agreement: "unexpected_reject", cause, initiator: "remote" });

  const explainer = createExplainer(model);
  let from = 0;
  const slow = segments.flatMap((text) => {
    const rows = text.split("\n").length - 1;
    return explainer.explain(fast.slice(from, (from += rows)).map(({ record }) => record));
  });
  expect(slow.map(({ judgement }) => sorted(judgement))).toEqual(fast.map(({ judgement }) => judgement));
});
