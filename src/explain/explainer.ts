import type { Initiator } from "../judgement.ts";
import type { Model } from "../model/model.ts";
import { formatAddress } from "../net/address.ts";
import { agreementOf, causeOf, consistent, contradicts, explanationOf, noAnswer } from "./conclusion.ts";
import {
  type Connection,
  createMemory,
  type Found,
  type Memory,
  portsOf,
  type Sighting,
} from "./connection-tracker.ts";
import { directionOf, endsOf } from "./endpoints.ts";
import { askAdmission, decideInitiators, portRanks, type PortRanks } from "./initiators.ts";
import { isStoppedByAcl, type PacketAt, type Walk, walkLayers } from "./layers.ts";
import {
  isLate,
  isOfNoConnection,
  isRelated,
  isSurmise,
  isUnanswered,
  openerOf,
  snapshotsInForce,
} from "./record-state.ts";
import type { Explanation, FlowRecord, Step, WalkTrace } from "./trace.ts";

/** The slow evaluator: plain objects, every rule looked at one by one, and everything it saw written down. */
export interface Explainer {
  /**
   * Judges records together: what any of them shows of a connection serves all of them, and those of later calls. The
   * answers are those of the fast evaluator for a segment of the same records.
   */
  explain(records: readonly FlowRecord[]): Explanation[];
}

export function createExplainer(model: Model): Explainer {
  const memory = createMemory(model);
  const ranks = portRanks(model);
  return {
    explain(records) {
      const placed = records.map((record) => place(model, record));
      memory.begin();
      const touched = new Set<Connection>();
      const connections = new Map<Placed, Connection>();
      // In order of time: a silence ends a connection, whatever the order in which the records come.
      for (const one of placed.toSorted(byTime)) {
        if (one.sighting === null || one.record.action !== "ACCEPT") continue;
        const connection = memory.enter(one.sighting);
        touched.add(connection);
        connections.set(one, connection);
      }
      decideInitiators([...touched], ranks);
      return placed.map((one) => {
        if (one.sighting === null) return one.explanation;
        const accepted = connections.get(one);
        const found = accepted ? { connection: accepted, lastBefore: null } : memory.find(one.sighting);
        return judge(one, one.sighting, found, memory, ranks);
      });
    },
  };
}

/** A record with what is settled before any layer is asked; without a sighting it gets no further. */
type Placed =
  | { readonly record: FlowRecord; readonly sighting: null; readonly explanation: Explanation }
  | {
      readonly record: FlowRecord;
      readonly sighting: Sighting;
      readonly elsewhere: boolean;
      readonly steps: readonly Step[];
    };

function byTime({ record: a }: Placed, { record: b }: Placed): number {
  return (a.start ?? 0) - (b.start ?? 0);
}

function place(model: Model, record: FlowRecord): Placed {
  const stop = (explanation: Explanation): Placed => ({ record, sighting: null, explanation });
  const steps: Step[] = [];
  if (record.logStatus !== "OK") return stop(noAnswer(record, "no_data", null, steps));
  const { snapshots, elsewhere, because } = snapshotsInForce(model, record);
  if (snapshots.length === 0) {
    steps.push({ about: "interface", answer: record.interfaceId, because });
    return stop(noAnswer(record, "unmodelled", null, steps));
  }
  const candidates = snapshots.map((snapshot) => {
    const networkInterface = snapshot.interfaces.get(record.interfaceId)!;
    return { snapshot, networkInterface, direction: directionOf(record, networkInterface) };
  });
  // An interface may have changed its addresses: a configuration under which they are not its own cannot have decided.
  const placed = candidates.find((one) => one.direction.value !== null) ?? candidates[0];
  const { snapshot, networkInterface, direction } = placed;
  const under = candidates.filter((one) => one.direction.value === direction.value);
  steps.push({ about: "snapshot", answer: snapshot.name, because });
  const where = `in ${networkInterface.subnetId ?? "no subnet"}`;
  const groups = networkInterface.groupIds.length > 0 ? networkInterface.groupIds.join(", ") : "no group";
  steps.push({ about: "interface", answer: record.interfaceId, because: `${where}, with ${groups}` });
  steps.push({ about: "direction", answer: direction.value ?? "unknown", because: direction.because });
  if (direction.value === null) {
    const cause = record.source ? "address_not_on_eni" : "field_absent";
    return stop(noAnswer(record, "undecided", cause, steps, snapshot.name));
  }
  const ends = endsOf(record, direction.value);
  if (ends === null) {
    steps.push({ about: "peer", answer: "unknown", because: "the record has no addresses" });
    return stop(noAnswer(record, "undecided", "field_absent", steps, snapshot.name, direction.value));
  }
  const peer = { about: "peer" as const, answer: formatAddress(ends.remote), because: `the record's ${ends.from}` };
  const { local, remote } = ends;
  return {
    record,
    sighting: { record, direction: direction.value, local, remote, under },
    elsewhere,
    steps: [...steps, peer],
  };
}

function judge(
  { steps, elsewhere }: Placed & { sighting: Sighting },
  sighting: Sighting,
  found: Found | null,
  memory: Memory,
  ranks: PortRanks,
): Explanation {
  const connection = found?.connection ?? null;
  const { record, under, direction } = sighting;
  const aclDenies = isStoppedByAcl(packetAt(sighting, 0));
  const opener = openerOf(sighting, connection, aclDenies, ranks);
  const stray = isOfNoConnection(sighting, connection, opener, aclDenies);
  const related = isRelated(sighting, memory);
  const unanswered = !related && isUnanswered(sighting, connection);
  const walks: { readonly trace: WalkTrace; readonly walk: Walk; readonly at: number }[] = [];
  const put = (at: number, initiator: Initiator): Walk => {
    const walk = walkLayers({
      ...packetAt(sighting, at),
      initiator,
      action: record.action,
      admission: connection ? askAdmission(connection, initiator, under) : null,
      stray,
      related,
      unanswered,
    });
    const { layers, verdict, decidedBy } = walk;
    walks.push({ trace: { snapshot: under[at].snapshot.name, initiator, layers, verdict, decidedBy }, walk, at });
    return walk;
  };

  let chosen = put(0, opener.initiator);
  // A surmise about who began must not make a mismatch: the packet passes as a request, or as a reply.
  if (contradicts(chosen.verdict, record.action) && isSurmise(record, opener.evidence)) {
    const swapped = put(0, opener.initiator === "local" ? "remote" : "local");
    if (!contradicts(swapped.verdict, record.action)) chosen = swapped;
  }
  // A record that straddles a change: either configuration may have decided it.
  for (let at = 1; at < under.length && !consistent(chosen.verdict, record.action); at++) {
    const other = put(at, opener.initiator);
    if (consistent(other.verdict, record.action)) chosen = other;
  }
  const { at } = walks.find(({ walk }) => walk === chosen)!;
  const circumstances = { record, changed: at > 0, elsewhere, stray, late: isLate(record, found?.lastBefore ?? null) };
  const agreement = agreementOf(chosen.verdict, record.action);
  // The walk that gives the answer comes last.
  const ordered = [...walks].sort((one, other) => Number(one.walk === chosen) - Number(other.walk === chosen));
  return explanationOf(record, {
    direction,
    opener,
    steps,
    walks: ordered.map(({ trace }) => trace),
    walk: chosen,
    snapshot: under[at].snapshot.name,
    agreement,
    cause: causeOf(chosen, agreement, circumstances),
  });
}

function packetAt({ record, direction, local, remote, under }: Sighting, at: number): PacketAt {
  const [localPort, remotePort] = portsOf(record, direction);
  const { snapshot, networkInterface } = under[at];
  return {
    snapshot,
    networkInterface,
    direction,
    ends: { local, remote, localPort, remotePort, protocol: record.protocol },
  };
}
