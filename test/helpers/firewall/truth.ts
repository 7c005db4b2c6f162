import type { Config } from "./config.ts";
import type { Epoch, Network, Sighting } from "./network.ts";
import { connectionKey, ICMP, SYN } from "./packet.ts";
import { type Reading, readingOf } from "./reading.ts";
import type { FlowRecord } from "./records.ts";
import { matchingRules } from "./security-group.ts";

export interface RecordTruth {
  readonly id: number;
  v2: [string, number];
  v5: [string, number];
  readonly eni: string;
  readonly dir: string;
  readonly action: string;
  readonly src: string;
  readonly dst: string;
  readonly srcport: number;
  readonly dstport: number;
  readonly protocol: number;
  readonly start: number;
  readonly packets: number;
  readonly initiator: "src" | "dst" | "both";
  /**
   * No record can tell it: an answer so late that it was judged as if it had opened a connection, or an ICMP error, about a
   * flow that may just have ended.
   */
  readonly blurred: boolean;
  readonly layer: string;
  readonly sg: readonly { readonly state: string; readonly rules: readonly string[]; readonly packets: number }[];
  readonly nacl: { readonly acl: string; readonly rules: Readonly<Record<string, number>> } | null;
}

interface RuleTruth {
  matched_packets: number;
  tracked_connections: number;
  untracked_flows: number;
  packets: number;
  /**
   * What a log counts otherwise than a kernel: ports that had a connection before (two may look like one, an untracked flow
   * like two), answers that come late, packets of no connection, ICMP errors that the rule would have let in.
   */
  reopened: number;
}

/** As `truth.json` of a kernel capture: what a replay must find. */
export interface Truth {
  readonly records: readonly RecordTruth[];
  readonly security_group_rules: Readonly<Record<string, RuleTruth>>;
  readonly never_hit: { readonly security_group_rules: readonly string[] };
  /**
   * Rules that let packets pass which the network ACL then stopped, or that would have let an ICMP error pass that passed
   * with its flow: whether that is a hit is a matter of taste, and nothing that a record tells.
   */
  readonly perhaps_hit: readonly string[];
  readonly config_alone_does_not_predict: { readonly list: readonly { readonly id: number; readonly why: string }[] };
}

/** No time-out of an idle flow is shorter, seconds. */
const SHORTEST_IDLE = 30;

export function truthOf(records: readonly FlowRecord[], network: Network, epochs: readonly Epoch[]): Truth {
  const rules = new Map<string, RuleTruth & { flows: Set<string> }>();
  for (const { documents } of epochs) {
    for (const { SecurityGroupRuleId } of documents.SecurityGroupRules) {
      const none = { matched_packets: 0, tracked_connections: 0, untracked_flows: 0, packets: 0, reopened: 0 };
      rules.set(SecurityGroupRuleId, { ...none, flows: new Set() });
    }
  }
  const perhaps = new Set<string>();
  const lastSeen = new Map<string, number>();
  const rulesOfFlow = new Map<string, Set<string>>();
  for (const { groups, layer, packet, nic, direction } of network.sightings) {
    if (!groups) continue;
    if (groups.state === "related") {
      const echo = { ...packet, icmp: { type: packet.protocol === ICMP ? 8 : 128, code: 0 } };
      for (const one of [packet, echo]) {
        for (const { id } of matchingRules(nic, direction, one)) {
          perhaps.add(id);
          rules.get(id)!.reopened++;
        }
      }
    }
    const flow = `${nic.id}|${connectionKey(packet)}`;
    const silence = packet.time - (lastSeen.get(flow) ?? packet.time);
    lastSeen.set(flow, packet.time);
    const opens = groups.state === "new" || (groups.state === "untracked" && (packet.flags & SYN) !== 0);
    // A bare packet and the RST that answers it look like a connection where records carry no flags.
    if (groups.state === "no-connection") for (const id of groups.rules) rules.get(id)!.reopened++;
    const again = silence > SHORTEST_IDLE || (silence > 0 && opens);
    const ofFlow = rulesOfFlow.get(flow) ?? new Set();
    rulesOfFlow.set(flow, ofFlow);
    for (const id of groups.rules) ofFlow.add(id);
    if (again) for (const id of ofFlow) rules.get(id)!.reopened++;
    for (const id of groups.rules) {
      const rule = rules.get(id)!;
      if (layer !== "ALLOWED") {
        perhaps.add(id);
        continue;
      }
      rule.packets++;
      if (groups.state === "established") continue;
      rule.matched_packets++;
      if (groups.state === "new") rule.tracked_connections++;
      if (groups.state === "untracked") rule.flows.add(flow);
    }
  }
  for (const rule of rules.values()) rule.untracked_flows = rule.flows.size;
  const configAt = (time: number): Config => network.configs[epochs.findLastIndex(({ from }) => from <= time)];
  const unpredicted = records.flatMap((record, id) => {
    const readings = record.sightings.map((sighting) => readingOf(configAt(sighting.packet.time), sighting));
    return readings.every((one) => one === record.action) ? [] : [{ id, why: statesOf(record.sightings).join("+") }];
  });
  const named = [...rules].map(([id, rule]) => [id, { ...rule, flows: undefined }] as const);
  return {
    records: records.map(recordTruth),
    security_group_rules: Object.fromEntries(named),
    never_hit: {
      security_group_rules: named.flatMap(([id, { packets }]) => (packets === 0 && !perhaps.has(id) ? [id] : [])),
    },
    perhaps_hit: [...perhaps],
    config_alone_does_not_predict: { list: unpredicted },
  };
}

/** What a configuration says of a record; null where its packets differ or the interface is unknown. */
export function recordReading(config: Config, record: FlowRecord): Reading | null {
  const readings = new Set(record.sightings.map((sighting) => readingOf(config, sighting)));
  return readings.size === 1 ? [...readings][0] : null;
}

const isStateless = (state: string | undefined): boolean => state === "new" || state === "no-connection";

const statesOf = (sightings: readonly Sighting[]): string[] => [
  ...new Set(sightings.map(({ groups }) => groups?.state ?? "not-reached")),
];

function recordTruth(record: FlowRecord, id: number): RecordTruth {
  const { eni, dir, action, src, dst, srcport, dstport, protocol, start, packets, sightings } = record;
  const states = new Map<string, { state: string; rules: readonly string[]; packets: number }>();
  const entries: Record<string, number> = {};
  let acl: string | null = null;
  for (const { groups, acl: decision } of sightings) {
    const state = groups?.state ?? "not-reached";
    const key = `${state}|${groups?.rules.join()}`;
    const sum = states.get(key) ?? { state, rules: groups?.rules ?? [], packets: 0 };
    sum.packets++;
    states.set(key, sum);
    if (!decision) continue;
    acl = decision.acl;
    entries[decision.number] = (entries[decision.number] ?? 0) + 1;
  }
  const replies = sightings.filter(({ packet }) => packet.reply).length;
  return {
    id,
    v2: ["", 0],
    v5: ["", 0],
    eni,
    dir,
    action,
    src,
    dst,
    srcport,
    dstport,
    protocol,
    start,
    packets,
    initiator: replies === 0 ? "src" : replies === packets ? "dst" : "both",
    blurred: sightings.some(({ packet, groups }) => packet.about || (packet.reply && isStateless(groups?.state))),
    layer: [...new Set(sightings.map(({ layer }) => layer))].sort().join("+"),
    sg: [...states.values()],
    nacl: acl === null ? null : { acl, rules: entries },
  };
}
