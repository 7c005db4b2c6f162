import type { Initiator } from "../judgement.ts";
import type { Model, NetworkInterface } from "../model/model.ts";
import { formatAddress } from "../net/address.ts";
import { agreementOf, causeOf, consistent, contradicts, explanationOf, noAnswer } from "./conclusion.ts";
import {
  type Connection,
  createConnectionTracker,
  type FoundConnection,
  type ConnectionTracker,
  portsOf,
  type DirectedRecord,
} from "./connection-tracker.ts";
import { directionOf, endpointsOf } from "./endpoints.ts";
import {
  askOpening,
  askOpeningMatch,
  decideInitiators,
  openedByFlags,
  portRanks,
  type PortRanks,
  SYN,
  SYN_ACK,
} from "./initiators.ts";
import { isStoppedByAcl, type PacketAt, type Walk, walkLayers } from "./layers.ts";
import { isUnknownInterface, placeText } from "./place.ts";
import { placeRecords, type PlacedRecord, type UnplacedRecord } from "./placed-record.ts";
import {
  isLate,
  isOutOfState,
  isRelated,
  isWeakEvidence,
  isUnanswered,
  initiatorOf,
  snapshotsInForce,
} from "./record-state.ts";
import { admittingRules, possibleOpeners } from "./possible-openers.ts";
import type { Explanation, FlowRecord, Step, WalkTrace } from "./trace.ts";

/** The plain evaluator: it looks at every rule one by one and writes down everything that it saw. */
export interface Explainer {
  /**
   * Judges records together: what one of them shows of a connection counts for all of them, and for those of later calls.
   * The answers equal those of the fast evaluator for a segment of the same records.
   */
  explain(records: readonly FlowRecord[]): Explanation[];
}

export function createExplainer(model: Model): Explainer {
  const tracker = createConnectionTracker(model);
  const ranks = portRanks(model);
  const owners = ownersOf(model);
  return {
    explain(records) {
      const places = placeRecords(records.flatMap((record) => unplaced(model, owners, record)));
      const prepared = records.map((record) => prepare(model, record, places));
      tracker.beginBatch();
      const updated = new Set<Connection>();
      const connections = new Map<PreparedRecord, Connection>();
      // In order of time: silence ends a connection, whatever the order in which its records come.
      for (const one of prepared.toSorted(byTime)) {
        if (one.directed === null || one.record.action !== "ACCEPT") continue;
        const connection = tracker.track(one.directed);
        updated.add(connection);
        connections.set(one, connection);
      }
      decideInitiators([...updated], ranks);
      return prepared.map((one) => {
        if (one.directed === null) return one.explanation;
        const accepted = connections.get(one);
        const found = accepted ? { connection: accepted, lastBefore: null } : tracker.find(one.directed);
        return judge(one, one.directed, found, tracker, ranks);
      });
    },
  };
}

/** A record with what is settled before any layer is asked; the explanation is complete if no layer can be asked. */
type PreparedRecord =
  | { readonly record: FlowRecord; readonly directed: null; readonly explanation: Explanation }
  | {
      readonly record: FlowRecord;
      readonly directed: DirectedRecord;
      readonly elsewhere: boolean;
      readonly steps: readonly Step[];
    };

/** The interface with its subnet and its groups. */
export function interfaceStep({ id, subnetId, groupIds }: NetworkInterface): Step {
  const groups = groupIds.length > 0 ? groupIds.join(", ") : "no group";
  return { about: "interface", answer: id, because: `in ${subnetId ?? "no subnet"}, with ${groups}` };
}

function byTime({ record: a }: PreparedRecord, { record: b }: PreparedRecord): number {
  return (a.start ?? 0) - (b.start ?? 0);
}

/** The record if it has to be placed, because no snapshot knows its interface. */
function unplaced(model: Model, owners: ReadonlySet<string>, record: FlowRecord): UnplacedRecord[] {
  const { snapshots, ofOthers = [] } = snapshotsInForce(model, record);
  if (record.logStatus !== "OK" || snapshots.length > 0) return [];
  // Networks of another account may have the same addresses.
  const foreign = owners.size > 0 && /^\d{12}$/.test(record.accountId) && !owners.has(record.accountId);
  return [{ record, snapshots: foreign ? [] : ofOthers }];
}

function ownersOf({ snapshots }: Model): Set<string> {
  const owned = snapshots.flatMap((one) => [...one.interfaces.values(), ...one.securityGroups.values()]);
  return new Set(owned.flatMap(({ ownerId }) => ownerId ?? []));
}

/** A record at an interface that no snapshot knows. */
function prepareUnknown(record: FlowRecord, place: PlacedRecord, whyInForce: string): PreparedRecord {
  const stop = (explanation: Explanation): PreparedRecord => ({ record, directed: null, explanation });
  const step: Step = { about: "interface", answer: record.interfaceId, because: place.because };
  if (place.kind === "nowhere") {
    const flags = record.direction === null ? 0 : (record.tcpFlags ?? 0);
    const initiator = (flags & SYN_ACK) === SYN ? openedByFlags(flags, record.direction!) : "unknown";
    const evidence = initiator === "unknown" ? "none" : "tcp_flags";
    return stop(noAnswer(record, "unmodelled", null, [step], { direction: record.direction, initiator, evidence }));
  }
  if (place.kind === "open") {
    const possible = place.ways.flatMap((way) => {
      const { endpoints } = packetAt(way, 0);
      const answers = (["local", "remote"] as const).map((opener) => askOpening(way.under[0], endpoints, opener));
      return answers.flatMap((answer) => answer?.possible ?? []);
    });
    return stop(noAnswer(record, "unmodelled", null, [step], { sgPossibleIds: possible }));
  }
  const { directed, because } = place;
  const [{ snapshot, networkInterface }] = directed.under;
  const steps: Step[] = [
    { about: "snapshot", answer: snapshot.name, because: whyInForce },
    { ...step, because: placeText(networkInterface) },
    { about: "direction", answer: directed.direction, because },
    { about: "peer", answer: formatAddress(directed.remote), because: "the address of the other side" },
  ];
  return { record, directed, elsewhere: false, steps };
}

function prepare(model: Model, record: FlowRecord, places: ReadonlyMap<FlowRecord, PlacedRecord>): PreparedRecord {
  const stop = (explanation: Explanation): PreparedRecord => ({ record, directed: null, explanation });
  const steps: Step[] = [];
  if (record.logStatus !== "OK") return stop(noAnswer(record, "no_data", null, steps));
  const { snapshots, elsewhere, because } = snapshotsInForce(model, record);
  const place = places.get(record);
  if (place !== undefined) return prepareUnknown(record, place, because);
  const candidates = snapshots.map((snapshot) => {
    const networkInterface = snapshot.interfaces.get(record.interfaceId)!;
    return { snapshot, networkInterface, direction: directionOf(record, networkInterface) };
  });
  // An interface may change its addresses: a configuration in which neither address is its own cannot have decided.
  const { snapshot, networkInterface, direction } =
    candidates.find((one) => one.direction.value !== null) ?? candidates[0];
  const under = candidates.filter((one) => one.direction.value === direction.value);
  steps.push({ about: "snapshot", answer: snapshot.name, because });
  steps.push(interfaceStep(networkInterface));
  steps.push({ about: "direction", answer: direction.value ?? "unknown", because: direction.because });
  if (direction.value === null) {
    const cause = record.source ? "address_not_on_eni" : "field_absent";
    return stop(noAnswer(record, "undecided", cause, steps, { snapshot: snapshot.name }));
  }
  const endpoints = endpointsOf(record, direction.value);
  if (endpoints === null) {
    steps.push({ about: "peer", answer: "unknown", because: "the record has no addresses" });
    const known = { snapshot: snapshot.name, direction: direction.value };
    return stop(noAnswer(record, "undecided", "field_absent", steps, known));
  }
  const { local, remote, from } = endpoints;
  steps.push({ about: "peer", answer: formatAddress(remote), because: `the record's ${from}` });
  return {
    record,
    directed: { record, direction: direction.value, local, remote, under },
    elsewhere,
    steps,
  };
}

function judge(
  { steps, elsewhere }: PreparedRecord & { directed: DirectedRecord },
  directed: DirectedRecord,
  found: FoundConnection | null,
  tracker: ConnectionTracker,
  ranks: PortRanks,
): Explanation {
  const connection = found?.connection ?? null;
  const { record, under, direction } = directed;
  const aclDenies = isStoppedByAcl(packetAt(directed, 0));
  const reasoned = initiatorOf(directed, connection, aclDenies, ranks);
  const outOfState = isOutOfState(directed, connection, reasoned, aclDenies);
  const related = isRelated(directed, tracker);
  const unanswered = !related && isUnanswered(directed, connection);
  const openers = connection !== null && reasoned === connection ? possibleOpeners(connection) : "one";
  const walks: {
    readonly trace: WalkTrace;
    readonly walk: Walk;
    readonly at: number;
    readonly initiator: Initiator;
  }[] = [];
  const put = (at: number, initiator: Initiator): Walk => {
    const walk = walkLayers({
      ...packetAt(directed, at),
      initiator,
      action: record.action,
      openingMatch: connection ? askOpeningMatch(connection, initiator, under) : null,
      outOfState,
      related,
      unanswered,
    });
    walks.push({ trace: traceOf(walk, under[at].snapshot.name, initiator), walk, at, initiator });
    return walk;
  };

  let chosen = put(0, reasoned.initiator);
  // Weak evidence of the initiator must not make a mismatch: the packet passes as a request, or as a reply.
  if (contradicts(chosen.verdict, record.action) && isWeakEvidence(record, reasoned.evidence)) {
    const swapped = put(0, reasoned.initiator === "local" ? "remote" : "local");
    if (!contradicts(swapped.verdict, record.action)) chosen = swapped;
  }
  // What the groups of an unknown interface say is always open: only its network ACL can be at odds with the action.
  const unknown = isUnknownInterface(under[0].networkInterface);
  const explains = ({ verdict }: Walk): boolean =>
    unknown ? !contradicts(verdict, record.action) : consistent(verdict, record.action);
  // Near a change, any of the configurations may have decided the record.
  for (let at = 1; at < under.length && !explains(chosen); at++) {
    const other = put(at, reasoned.initiator);
    if (explains(other)) chosen = other;
  }
  const { at, initiator } = walks.find(({ walk }) => walk === chosen)!;
  const state = {
    record,
    changed: at > 0,
    elsewhere,
    outOfState,
    late: isLate(record, found?.lastBefore ?? null),
  };
  const unmodelled = unknown && chosen.verdict !== "deny";
  const agreement = unmodelled ? "unmodelled" : agreementOf(chosen.verdict, record.action);
  // The walk that gives the answer goes last.
  const ordered = [...walks].sort((one, other) => Number(one.walk === chosen) - Number(other.walk === chosen));
  return explanationOf(record, {
    direction,
    reasoned,
    steps,
    walks: ordered.map(({ trace }) => trace),
    walk: unmodelled ? withoutVerdict(chosen, directed) : chosen,
    rules: admittingRules(chosen.groups, initiator, openers, connection, under, at),
    snapshot: under[at].snapshot.name,
    agreement,
    cause: unmodelled ? null : causeOf(chosen, agreement, state),
  });
}

/** The walk of a packet at an unknown interface. One that its groups stopped on the way out met no network ACL. */
function withoutVerdict(walk: Walk, { record, direction }: DirectedRecord): Walk {
  const stopped = record.action === "REJECT" && direction === "egress";
  return { ...walk, verdict: "undecided", decidedBy: null, naclRuleId: stopped ? null : walk.naclRuleId };
}

/** What a walk shows to the reader of an explanation. */
export function traceOf({ layers, verdict, decidedBy }: Walk, snapshot: string, initiator: Initiator): WalkTrace {
  return { snapshot, initiator, layers, verdict, decidedBy };
}

function packetAt({ record, direction, local, remote, under }: DirectedRecord, at: number): PacketAt {
  const [localPort, remotePort] = portsOf(record, direction);
  const { snapshot, networkInterface } = under[at];
  return {
    snapshot,
    networkInterface,
    direction,
    endpoints: { local, remote, localPort, remotePort, protocol: record.protocol },
  };
}
