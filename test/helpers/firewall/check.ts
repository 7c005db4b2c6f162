import { basename } from "node:path";
import type { EvidenceQuery } from "../../../src/store/evidence-query.ts";
import type { Format } from "./capture.ts";
import type { RecordTruth, Truth } from "./truth.ts";

/** How a replay compares with the truth. Everything in `wrong` must be empty. */
export interface Verdict {
  readonly wrong: readonly string[];
  /** Records of tracked connections; those that were credited to other rules than admitted them. */
  readonly ruleSets: { readonly asked: number; readonly wrong: readonly string[] };
  readonly records: number;
  readonly undecided: number;
  /** TCP and UDP records with one initiator; how many of them were right. */
  readonly initiator: { readonly asked: number; readonly right: number };
  /** Rules with connections, and those whose number is off by more than 2 % (or one) and what reused ports explain. */
  readonly usage: { readonly compared: number; readonly off: readonly string[] };
}

interface Flow {
  readonly direction: string | null;
  readonly initiator: string;
  readonly action: string;
  readonly agreement: string;
  readonly decidedBy: string | null;
  readonly cause: string | null;
  readonly naclRuleId: string | null;
  readonly sgRuleIds: readonly string[];
}

const LAYERS: Readonly<Record<string, string>> = {
  SG_IN: "sg_in",
  SG_OUT: "sg_out",
  NACL_IN: "nacl_in",
  NACL_OUT: "nacl_out",
};

/** Holds an evidence file to the truth of the capture that it was made from. */
export async function checkEvidence(evidence: EvidenceQuery, truth: Truth, format: Format): Promise<Verdict> {
  const flows = await flowsOf(evidence);
  const unpredicted = new Set(truth.config_alone_does_not_predict.list.map(({ id }) => id));
  const wrong: string[] = [];
  const initiator = { asked: 0, right: 0 };
  const ruleSets = { asked: 0, wrong: [] as string[] };
  const seen = new Set<string>();
  let undecided = 0;
  for (const record of truth.records) {
    const place = record[format].join("|");
    if (seen.has(place)) continue;
    seen.add(place);
    const flow = flows.get(place);
    const complain = (what: string, into = wrong): void =>
      void into.push(`${what}: ${describe(record)} got ${JSON.stringify(flow)}`);
    if (!flow) {
      complain("missing");
      continue;
    }
    if (flow.action !== record.action) complain("action");
    if (flow.direction !== record.dir) complain("direction");
    if (flow.agreement.startsWith("unexpected") && !unpredicted.has(record.id)) complain("false mismatch");
    if (flow.agreement === "unmodelled") complain("unmodelled");
    if (flow.agreement === "undecided") undecided++;
    if ((record.protocol === 6 || record.protocol === 17) && record.initiator !== "both") {
      initiator.asked++;
      const local = (record.initiator === "src") === (record.dir === "egress");
      if (flow.initiator === (local ? "local" : "remote")) initiator.right++;
    }
    if (flow.agreement !== "agree") continue;
    if (record.action === "REJECT" && record.layer in LAYERS && !record.blurred && !unpredicted.has(record.id)) {
      if (flow.decidedBy !== LAYERS[record.layer]) complain("layer");
    }
    const entries = Object.keys(record.nacl?.rules ?? {});
    if (record.nacl && entries.length === 1 && !record.blurred) {
      const number = Number(entries[0]) > 32_766 ? "*" : entries[0];
      const way = record.dir === "egress" ? "egress" : "ingress";
      if (flow.naclRuleId !== `${record.nacl.acl}/${way}/${number}`) complain("network ACL entry");
    }
    if (admittedOnce(record)) {
      ruleSets.asked++;
      if ([...flow.sgRuleIds].sort().join() !== [...record.sg[0].rules].sort().join()) {
        complain("rule set", ruleSets.wrong);
      }
    }
  }
  const usage = await checkUsage(evidence, truth, wrong);
  return { wrong, ruleSets, records: seen.size, undecided, initiator, usage };
}

/** Accepted as part of a tracked connection, under the same rules from its first packet to its last. */
function admittedOnce({ action, sg, protocol, blurred }: RecordTruth): boolean {
  if (action !== "ACCEPT" || sg.length === 0 || blurred || (protocol !== 6 && protocol !== 17)) return false;
  const tracked = sg.every(({ state }) => state === "new" || state === "established");
  return tracked && new Set(sg.map(({ rules }) => rules.join())).size === 1;
}

async function flowsOf(evidence: EvidenceQuery): Promise<Map<string, Flow>> {
  const { rows } = await evidence.run(
    "select source_object, line, direction, initiator, action, agreement, decided_by, cause, nacl_rule_id, sg_rule_ids from flows",
  );
  return new Map(
    rows.map(([object, line, direction, initiator, action, agreement, decidedBy, cause, naclRuleId, sgRuleIds]) => [
      `${basename(String(object))}|${String(line)}`,
      { direction, initiator, action, agreement, decidedBy, cause, naclRuleId, sgRuleIds: sgRuleIds ?? [] } as Flow,
    ]),
  );
}

async function checkUsage(evidence: EvidenceQuery, truth: Truth, wrong: string[]): Promise<Verdict["usage"]> {
  const { rows } = await evidence.run("select rule_id, connections from rule_usage where rule_id like 'sgr-%'");
  const counted = new Map(rows.map(([id, connections]) => [String(id), Number(connections ?? 0)]));
  const never = new Set(truth.never_hit.security_group_rules);
  const off: string[] = [];
  let compared = 0;
  for (const [id, rule] of Object.entries(truth.security_group_rules)) {
    const got = counted.get(id) ?? 0;
    if (never.has(id) && got > 0) wrong.push(`falsely hit: ${id}, ${got} connections`);
    if (rule.matched_packets > 0 && got === 0) wrong.push(`missed: ${id}, ${JSON.stringify(rule)}`);
    const expected = rule.tracked_connections + rule.untracked_flows;
    if (expected === 0) continue;
    compared++;
    if (Math.abs(got - expected) > Math.max(1, expected * 0.02) + rule.reopened)
      off.push(`${id}: ${got} of ${expected}`);
  }
  return { compared, off };
}

function describe({
  eni,
  dir,
  action,
  src,
  srcport,
  dst,
  dstport,
  protocol,
  layer,
  sg,
  initiator,
}: RecordTruth): string {
  const states = sg.map(({ state }) => state).join("+");
  return `${eni} ${dir} ${action} ${src}:${srcport} > ${dst}:${dstport} protocol ${protocol}, ${layer} ${states}, initiator ${initiator}`;
}
