import { spawnSync } from "node:child_process";
import { copyFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEvidence, type EvidenceQuery } from "../src/store/evidence-query.ts";
import { MAIN } from "./helpers/cli.ts";
import { names, quoted, read, ROOT, section, table } from "./helpers/documents.ts";
import { temporaryFolder } from "./helpers/folder.ts";
import { replayInto, sample } from "./helpers/samples.ts";

const QUERIES = read("queries/README.md");

/** Where the commands run: the samples as in the repository, and the evidence file that the first line of the README makes. */
const folder = temporaryFolder();
beforeAll(async () => {
  symlinkSync(join(ROOT, "samples"), join(folder, "samples"));
  const db = await replayInto(folder, sample("production-vpc/v5"), sample("production-vpc/config"));
  for (const name of ["flowreplay", "last-week"]) copyFileSync(db, join(folder, `${name}.duckdb`));
  writeFileSync(join(folder, "secret.txt"), "a secret of sixteen bytes or more");
});

/** Needs AWS, or a plan of the reader's own. */
const ELSEWHERE = /snapshot|s3:|cloudwatch:|plan\.json/;

test.each(["README.md", "samples/README.md", "queries/README.md", "src/change/README.md", "src/evaluate/README.md"])(
  "every command that %s prints succeeds",
  (document) => {
    const lines = [...read(document).matchAll(/^ {4}((?:flowreplay|cp) .+)$/gm)].map(([, line]) => line);
    const commands = lines.filter((line) => !ELSEWHERE.test(line));
    expect(commands.length).toBeGreaterThan(1);
    const script = ["set -e", `flowreplay() { "${process.execPath}" "${MAIN}" "$@"; }`, ...commands].join("\n");
    const run = spawnSync("bash", ["-c", script], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    expect(run.status, run.stderr).toBe(0);
  },
);

describe("the evidence file is as it is documented", () => {
  let evidence: EvidenceQuery;
  beforeAll(async () => {
    evidence = await openEvidence(join(folder, "flowreplay.duckdb"));
  });
  afterAll(() => evidence.close());

  const tables = ["flows", "rules", "rule_usage", "rule_usage_daily", "interfaces", "coverage"].map(
    (view): [string, string[]] => [view, names(section(QUERIES, `\`${view}\``), "column")],
  );
  const lists = table(section(QUERIES, "`sources`, `bad_lines`, `run_manifest`"), "view").map(
    ([view, , columns]): [string, string[]] => [quoted(view)[0], quoted(columns).sort()],
  );
  test.each([...tables, ...lists])("the columns of %s", async (view, columns) => {
    const { rows } = await evidence.run(`select column_name from (describe ${view})`);
    expect(columns).toEqual(rows.map(([name]) => String(name)).sort());
  });

  const examples = [...section(QUERIES, "Examples").matchAll(/^(.+):\n\n```sql\n([^]+?)```/gm)];
  test.each(examples.map(([, what, sql]) => [what, sql]))("the example query returns rows: %s", async (_, sql) => {
    expect((await evidence.run(sql)).rows.length).toBeGreaterThan(0);
  });
});
