import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withEvidence } from "../helpers/evidence.ts";

const CASES = new URL("../cases/queries/", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, CASES), "utf8");

test("daily usage adds up to the totals, also where rows are partial", async () => {
  await withEvidence(read("world.sql") + read("rule-usage/evidence.sql"), async (path) => {
    const evidence = await openEvidence(path);
    const { rows } = await evidence.run("select * from rule_usage_daily where rule_id = 'sgr-web-https' order by day");
    expect(rows).toEqual([
      ["sgr-web-https", "2026-11-01", 5, 5, 5, 87, 16380],
      ["sgr-web-https", "2026-11-02", 1, 1, 1, 20, 4000],
    ]);
    const { rows: differences } = await evidence.run(`
      select u.rule_id, u.connections, d.connections
      from rule_usage u
      left join (select rule_id, sum(connections) as connections, sum(packets) as packets from rule_usage_daily group by all) d
        using (rule_id)
      where u.connections <> coalesce(d.connections, 0) or u.packets <> coalesce(d.packets, 0)`);
    expect(differences).toEqual([]);
    evidence.close();
  });
});

test("every rule has a row, and its class is a documented one", async () => {
  await withEvidence(read("world.sql") + read("rule-usage/evidence.sql"), async (path) => {
    const evidence = await openEvidence(path);
    const { rows } = await evidence.run(`
      select (select count(*) from rules), count(*), list_sort(list(distinct usage_class) filter (usage_class is not null)) from rule_usage`);
    expect(rows).toEqual([[16, 16, ["none", "real", "replyless", "scanner_only"]]]);
    evidence.close();
  });
});
