import type { Explanation, LayerTrace, WalkTrace } from "../evaluate/explain/trace.ts";
import { formatAddress, type Address } from "../net/address.ts";
import type { Plain, ResultStream } from "../store/reader.ts";

/** Explanations as rows, for programs: the columns of the view `flows`, then how the answer came about. */
export function explanationRows(explanations: readonly Explanation[]): ResultStream {
  const rows = explanations.map(toRow);
  const chunks = async function* (): AsyncGenerator<Plain[][]> {
    yield rows.map((row) => Object.values(row));
  };
  const names = Object.keys(rows[0] ?? {});
  return { columns: names.map((name) => ({ name, type: "VARCHAR" })), chunks: chunks() };
}

function toRow({ record, judgement, steps, walks, conclusion }: Explanation): Record<string, Plain> {
  const { naclRuleId, sgRuleIds, sgPossibleIds, layers } = judgement;
  return {
    start_time: timeText(record.start),
    end_time: timeText(record.end),
    account_id: record.accountId,
    interface_id: record.interfaceId,
    direction: judgement.direction,
    initiator: judgement.initiator,
    initiator_evidence: judgement.evidence,
    srcaddr: addressText(record.source),
    dstaddr: addressText(record.destination),
    pkt_srcaddr: addressText(record.packetSource ?? record.source),
    pkt_dstaddr: addressText(record.packetDestination ?? record.destination),
    srcport: record.sourcePort,
    dstport: record.destinationPort,
    protocol: record.protocol,
    packets: record.packets,
    bytes: record.bytes,
    tcp_flags: record.tcpFlags,
    action: record.action,
    log_status: record.logStatus,
    verdict: judgement.verdict,
    agreement: judgement.agreement,
    decided_by: judgement.decidedBy,
    cause: judgement.cause,
    ...layers,
    nacl_rule_id: naclRuleId,
    sg_rule_ids: [...sgRuleIds].sort(),
    possible_sg_rule_ids: [...sgPossibleIds].sort(),
    snapshot: judgement.snapshot,
    conclusion,
    steps: steps.map((step) => ({ ...step })),
    walks: walks.map(walkRow),
  };
}

function walkRow({ snapshot, initiator, layers, verdict, decidedBy }: WalkTrace): Plain {
  return { snapshot, initiator, verdict, decided_by: decidedBy, layers: layers.map(layerRow) };
}

function layerRow({ layer, decision, because, owners, rules }: LayerTrace): Plain {
  const ruleRows = rules.map(({ ruleId, text, description, matches, conditions }) => ({
    rule_id: ruleId,
    text,
    description,
    matches,
    conditions: conditions.map((condition) => ({ ...condition })),
  }));
  return { layer, decision, because, owners: [...owners], rules: ruleRows };
}

function addressText(address: Address | null): string | null {
  return address === null ? null : formatAddress(address);
}

function timeText(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
