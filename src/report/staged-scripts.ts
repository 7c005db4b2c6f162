import {
  authorize,
  deletion,
  quote,
  reasonLines,
  resourceBlocks,
  revoke,
  type RuleChange,
  ruleLine,
} from "./change-scripts.ts";
import { visible } from "./renderers/renderer.ts";

/**
 * Changes in two stages: first the new rules are added beside the old ones, which go only when the new ones have taken their
 * traffic. By the name that `--output` takes.
 */
export const STAGED_SCRIPTS = { cli: awsCliScript, terraform: terraformScript } as const;

/** Security groups allow the union of their rules, so the log after stage 1 tells whether the new rules admit everything. */
function howToCheck(changes: readonly RuleChange[]): string[] {
  const removed = changes.flatMap(({ remove }) => remove.map(({ id }) => visible(quote(id))));
  return [
    "# Before stage 2, check that the new rules have taken the traffic of the old ones. When they have stood for long enough:",
    "#   flowreplay snapshot --out config-stage-1",
    "#   flowreplay replay LOGS-SINCE-STAGE-1 --model config-stage-1 --db stage-1.duckdb",
    `#   flowreplay what-if --db stage-1.duckdb --remove ${removed.join(" ")}`,
    "# If the last one exits 0, no real accepted traffic needs the old rules any more.",
  ];
}

/** Both stages in one file, so that neither runs without being named. */
function awsCliScript(changes: readonly RuleChange[], title: string): string {
  const added = changes.flatMap(({ add }) => add);
  const removed = changes.flatMap(({ remove }) => remove);
  const lines = [
    "#!/bin/sh",
    `# ${visible(title)}`,
    "# Nothing was run yet. `sh FILE 1` adds the new rules and removes none, `sh FILE 2` removes the old ones.",
    ...howToCheck(changes),
    "# To go back: after stage 2 grep '^#undo2 ' FILE | cut -c8- | sh, then or after stage 1 the same with #undo1.",
    "set -eu",
    'case "${1-}" in',
    "1)",
    ":",
    ...changes.flatMap(({ add, ...change }) =>
      add.length === 0
        ? []
        : [...reasonLines(change), ...add.map((rule) => `# + ${ruleLine(rule)}`), ...add.map(authorize)],
    ),
    ";;",
    "2)",
    ":",
    ...changes.flatMap(({ remove, ...change }) => [
      ...reasonLines(change),
      ...remove.map((rule) => `# - ${ruleLine(rule)}`),
      ...remove.map(revoke),
    ]),
    ";;",
    "*)",
    'echo "give the stage: 1 adds the new rules, 2 removes the old ones" >&2',
    "exit 2",
    ";;",
    "esac",
    ...added.map((rule) => `#undo1 ${revoke(rule)}`),
    ...removed.map((rule) => `#undo2 ${authorize(rule)}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** The resources of stage 1; stage 2 deletes what its comments name. */
function terraformScript(changes: readonly RuleChange[], title: string): string {
  const block = resourceBlocks();
  const lines = [
    `# ${visible(title)}`,
    "# Nothing was applied yet.",
    "",
    "# Stage 1: add these beside the old rules.",
    ...changes.flatMap(({ add, ...change }) =>
      add.length === 0 ? [] : [...reasonLines(change), ...add.flatMap(block)],
    ),
    "",
    ...howToCheck(changes),
    "",
    "# Stage 2: delete the old rules.",
    ...changes.flatMap(({ remove, add, ...change }) => [
      ...reasonLines(change),
      ...remove.flatMap((rule) => deletion(rule, block(rule), add.length > 0)),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}
