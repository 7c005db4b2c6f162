import { walkLayers } from "../../src/explain/layers.ts";
import { snapshotsInForce } from "../../src/explain/record-state.ts";
import { endpointsOf } from "../../src/explain/endpoints.ts";
import { recordsOf, type FlowRecord } from "../../src/explain/trace.ts";
import type { Verdict } from "../../src/judgement.ts";
import type { Model } from "../../src/model/model.ts";
import type { FlowTable } from "../../src/store/stored-flows.ts";
import type { StoredRecords, StoredJudgement } from "../../src/store/stored-records.ts";

/** `object|line: before>after` of every record whose verdict changes, one by one with the plain evaluator. */
export async function slowChanges(stored: StoredRecords, inForce: Model, proposed: Model): Promise<string[]> {
  const changes: { place: string; order: [number, number] }[] = [];
  for (const table of ["flow_rows", "flow_rows_wide"] satisfies FlowTable[]) {
    for await (const { batch, objectId, judgement } of stored.scan(table)) {
      const judged = [...judgement.subarray(0, batch.rows)].map((id) => stored.judgements[id]!);
      judged.forEach((one, row) => (batch.bits[row] |= one.bits));
      recordsOf(batch, stored.interfaceIds, []).forEach((record, row) => {
        const before = verdict(inForce, record, judged[row]);
        const after = verdict(proposed, record, judged[row]);
        if (before === after || !decided(before) || !decided(after)) return;
        const [object, line] = [objectId[row], batch.line[row]];
        const place = `${stored.objects[object]!.name}|${line}: ${before}>${after}`;
        changes.push({ place, order: [object, line] });
      });
    }
  }
  return changes.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1]).map(({ place }) => place);
}

const decided = (one: Verdict | null): boolean => one === "allow" || one === "deny";

function verdict(model: Model, record: FlowRecord, { initiator, outOfState, action }: StoredJudgement): Verdict | null {
  const { snapshots } = snapshotsInForce(model, record);
  if (snapshots.length === 0 || action === null || record.direction === null || record.logStatus !== "OK") return null;
  const endpoints = endpointsOf(record, record.direction);
  if (!endpoints) return null;
  const [localPort, remotePort] =
    record.direction === "egress"
      ? [record.sourcePort, record.destinationPort]
      : [record.destinationPort, record.sourcePort];
  const verdicts = snapshots.map(
    (snapshot) =>
      walkLayers({
        snapshot,
        networkInterface: snapshot.interfaces.get(record.interfaceId)!,
        direction: record.direction!,
        endpoints: {
          local: endpoints.local,
          remote: endpoints.remote,
          localPort,
          remotePort,
          protocol: record.protocol,
        },
        initiator,
        action: outOfState ? "REJECT" : null,
        openingMatch: null,
        outOfState,
        related: false,
        unanswered: false,
      }).verdict,
  );
  return verdicts.every((one) => one === verdicts[0]) ? verdicts[0] : "undecided";
}
