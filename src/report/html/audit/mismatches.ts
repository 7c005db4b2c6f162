import { causeText } from "../../cause-text.ts";
import type { Section } from "../page-data.ts";
import { columnTexts, tableBlock, withColumn, wordColumn } from "../table-block.ts";
import type { Evidence } from "./evidence.ts";
import { cutNote, ROW_LIMIT } from "./limit.ts";

/** Where log and configuration disagree: by cause with its explanation, then record by record. */
export async function mismatchSection(evidence: Evidence): Promise<Section> {
  const summary = await tableBlock(await evidence.report("mismatch-summary"), {
    id: "mismatch-causes",
    caption: "By cause",
    shown: ["agreement", "cause", "records", "interfaces", "decided_by", "nacl_rule_id", "first_seen", "last_seen"],
    empty: "Every record that could be judged agrees with the model.",
  });
  const sentences = columnTexts(summary, "cause").map((cause) => causeText(cause));
  const explained = withColumn(summary, wordColumn("explanation", "What it means", "text", sentences), "cause");
  const records = await tableBlock(await evidence.report("mismatches", { limit: String(ROW_LIMIT) }), {
    id: "mismatch-records",
    caption: "Record by record",
    shown: [
      "start_time",
      "interface_id",
      "agreement",
      "cause",
      "srcaddr",
      "srcport",
      "dstaddr",
      "dstport",
      "protocol",
      "packets",
    ],
    facets: ["agreement", "cause", "direction", "decided_by", "interface_id"],
  });
  const returns = await tableBlock(await evidence.report("nacl-return-path"), {
    id: "return-path",
    caption: "Answers that a network ACL drops (log and model agree on these)",
    facets: ["direction"],
  });
  return {
    id: "mismatches",
    title: "Where log and configuration disagree",
    lead: "Traffic that passed although the model denies it, or was rejected although the model allows it, with the cause where one is known.",
    blocks: [
      explained,
      ...(records.rowCount > 0 ? [{ ...records, more: cutNote(records.rowCount, "mismatches") }] : []),
      ...(returns.rowCount > 0 ? [returns] : []),
    ],
  };
}
