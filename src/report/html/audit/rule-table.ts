import type { Result, ResultStream } from "../../../store/reader.ts";
import { type Row, ruleText } from "../../summary-text.ts";
import type { TableBlock } from "../page-data.ts";
import { columnTexts, tableBlock, type TableOptions, withColumn, wordColumn } from "../table-block.ts";
import type { Evidence } from "./evidence.ts";

/** A report about rules, with each rule in the words of the AWS console behind its id. */
export async function ruleTable(evidence: Evidence, report: string, options: TableOptions): Promise<TableBlock> {
  return describedRules(await evidence.report(report), options);
}

/** The same of rules that are no report. */
export async function describedRules(result: ResultStream | Result, options: TableOptions): Promise<TableBlock> {
  const table = await tableBlock(result, options);
  const parts = ["direction", "action", "protocol", "from_port", "to_port", "peer"];
  const texts = parts.map((name) => columnTexts(table, name));
  const words = Array.from({ length: table.rowCount }, (_, row) => {
    const rule: Row = Object.fromEntries(parts.map((name, at) => [name, texts[at][row] || null]));
    return rule.action === "deny" ? `deny ${ruleText(rule)}` : ruleText(rule);
  });
  return withColumn(table, wordColumn("rule_text", "What it matches", "text", words), "rule_id");
}
