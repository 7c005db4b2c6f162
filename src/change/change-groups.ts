import { createKeys, INTERFACE, KIND, PORTS, REMOTE, writeKey } from "../evaluate/conntrack/entry-layout.ts";
import { AddressPool } from "../evaluate/dense/address-pool.ts";
import { WordMemo } from "../evaluate/dense/word-memo.ts";
import { EGRESS, INGRESS } from "../evaluate/lookup/policy-lookup.ts";
import { formatIpv4, formatIpv6, IPV4 } from "../net/address.ts";
import { hasPorts, protocolName } from "../net/protocols.ts";
import type { StoredRecords } from "../store/stored-records.ts";
import { TRAFFIC_CLASSES, type TrafficClass } from "../store/traffic-classes.ts";
import { type Compared, type Effect, EFFECTS, type Outcome } from "./compare-verdicts.ts";

/** Records that change in the same way, for the same rules, with the same peer and service. */
export interface ChangeGroup {
  readonly effect: Effect;
  /** The layer whose decision changes: it denies under the proposal, or denied until now. */
  readonly layer: "sg" | "nacl_in" | "nacl_out" | null;
  /** Its rules: for `breaks` those that admit today, for `opens` those that would admit. */
  readonly ruleIds: readonly string[];
  /** The network ACL entry that denies, before or after; empty if no group rule admits. */
  readonly denyingIds: readonly string[];
  /** Direction in which the connection was opened; null if unknown. */
  readonly direction: "ingress" | "egress" | null;
  readonly protocol: string;
  readonly port: number | null;
  readonly peer: string;
  readonly interfaceIds: readonly string[];
  readonly records: number;
  readonly packets: number;
  readonly bytes: number;
  /** Unix seconds. */
  readonly first: number;
  readonly last: number;
  /** Class of the traffic; `unknown` if no group rule was credited with it. */
  readonly trafficClass: TrafficClass | "unknown";
}

/** Counts what a proposal changes. Memory grows with the variety of the changed traffic, up to a limit. */
export interface ChangeTally {
  add(compared: Compared): void;
  /** Records by effect, and all of them. */
  readonly effects: Readonly<Record<Effect, number>>;
  readonly records: number;
  /** Records beyond the limit of groups; they count in `effects`, but are in no group. */
  readonly ungrouped: number;
  groups(stored: StoredRecords): Promise<ChangeGroup[]>;
}

const MOST_GROUPS = 1_000_000;

interface ChangeKind extends Pick<ChangeGroup, "layer" | "ruleIds" | "denyingIds"> {
  readonly outcome: Outcome;
}

/** Words of the key of a group: kind, interface, peer, family, `protocol << 16 | port`. */
const KEY_WORDS = 5;

export function createChangeTally(): ChangeTally {
  const effects = Object.fromEntries(EFFECTS.map((effect) => [effect, 0])) as Record<Effect, number>;
  const kinds: ChangeKind[] = [];
  const kindIds = new Map<string, number>();
  /** Group rules that admit today what would break; the classes of their traffic are looked up. */
  const admitting = new Set<string>();
  const kindOfOutcome: number[] = [];
  const addresses = new AddressPool();
  const memo = new WordMemo(KEY_WORDS);
  const keys: number[] = [];
  const sums: { records: number; packets: number; bytes: number; first: number; last: number }[] = [];
  let ungrouped = 0;

  const kindOf = (id: number, outcome: Outcome): number => {
    const known = kindOfOutcome[id];
    if (known !== undefined) return known;
    const { effect, judgement } = outcome;
    const change = changeOf(outcome);
    if (isBreaking(effect)) for (const id of outcome.before.groupRuleIds) admitting.add(id);
    const text = JSON.stringify([effect, change, judgement.initiator]);
    let kind = kindIds.get(text);
    if (kind === undefined) {
      kind = kinds.length;
      kinds.push({ outcome, ...change });
      kindIds.set(text, kind);
    }
    return (kindOfOutcome[id] = kind);
  };

  const key = createKeys(1);
  return {
    effects,
    get records() {
      return Object.values(effects).reduce((sum, records) => sum + records, 0);
    },
    get ungrouped() {
      return ungrouped;
    },
    add({ chunk, outcome, outcomes }) {
      const { batch } = chunk;
      for (let row = 0; row < batch.rows; row++) {
        const one = outcomes[outcome[row]];
        effects[one.effect]++;
        if (one.effect === "same" || one.effect === "doubtful" || one.effect === "unknown") continue;
        const direction = one.judgement.direction === "egress" ? EGRESS : INGRESS;
        writeKey(batch, row, direction, addresses, key, 0);
        memo.key[0] = kindOf(outcome[row], one);
        memo.key[1] = key[INTERFACE];
        memo.key[2] = key[REMOTE];
        memo.key[3] = key[KIND] >>> 8;
        memo.key[4] = ((key[KIND] & 0xff) << 16) | servicePort(key[KIND], key[PORTS], one, direction);
        let group = memo.find();
        if (group < 0) {
          if (sums.length >= MOST_GROUPS) {
            ungrouped++;
            continue;
          }
          group = sums.length;
          memo.add(group);
          keys.push(...memo.key);
          sums.push({ records: 0, packets: 0, bytes: 0, first: batch.start[row], last: batch.end[row] });
        }
        const sum = sums[group];
        sum.records++;
        sum.packets += batch.packets[row];
        sum.bytes += batch.bytes[row];
        sum.first = Math.min(sum.first, batch.start[row]);
        sum.last = Math.max(sum.last, batch.end[row]);
      }
    },
    async groups(stored) {
      const classes = await trafficClasses(stored, [...admitting], addresses);
      const merged = new Map<string, ChangeGroup & { interfaceIds: string[] }>();
      sums.forEach((sum, at) => {
        const [kind, eni, peer, family, service] = keys.slice(at * KEY_WORDS, at * KEY_WORDS + KEY_WORDS);
        const { outcome, ...change } = kinds[kind];
        const direction = openerOf(outcome);
        const trafficClass = classes(eni, direction, family, service, peer);
        const protocol = (service >>> 16) & 0xff;
        const group: ChangeGroup & { interfaceIds: string[] } = {
          effect: outcome.effect,
          ...change,
          direction: direction === 0 ? null : direction === EGRESS ? "egress" : "ingress",
          protocol: protocolName(protocol),
          port: hasPorts(protocol) ? service & 0xffff : null,
          peer: addressText(addresses, family, peer),
          interfaceIds: [stored.interfaceIds[eni]],
          ...sum,
          trafficClass,
        };
        const text = JSON.stringify([kind, peer, family, service, trafficClass]);
        const known = merged.get(text);
        merged.set(text, known ? join(known, group) : group);
      });
      return [...merged.values()].sort(
        (a, b) => EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect) || b.records - a.records,
      );
    },
  };
}

/** The layer whose decision changes, and the rules concerned. */
function changeOf({ before, after }: Outcome): Pick<ChangeGroup, "layer" | "ruleIds" | "denyingIds"> {
  const denied = after.verdict === "deny" ? after : before;
  const admitted = after.verdict === "deny" ? before : after;
  const layer = denied.decidedBy === "sg_in" || denied.decidedBy === "sg_out" ? "sg" : denied.decidedBy;
  if (layer === "sg" || layer === null) return { layer, ruleIds: admitted.groupRuleIds, denyingIds: [] };
  return { layer, ruleIds: admitted.entryIds, denyingIds: denied.entryIds };
}

/** Accepted traffic that the proposal stops. */
export function isBreaking(effect: Effect): boolean {
  return effect === "breaks" || effect === "may_break";
}

/** The port of the side that did not open the connection; if that is unknown, the destination port of the packet. */
function servicePort(kind: number, ports: number, { judgement }: Outcome, direction: number): number {
  if (!hasPorts(kind & 0xff)) return 0;
  const local = judgement.initiator === "unknown" ? direction === EGRESS : judgement.initiator === "local";
  return local ? ports & 0xffff : ports >>> 16;
}

function openerOf({ judgement }: Outcome): number {
  return judgement.initiator === "local" ? EGRESS : judgement.initiator === "remote" ? INGRESS : 0;
}

/** The class of the traffic of a peer (an id of the pool) with a service (`protocol << 16 | port`) at an interface. */
export type ClassOf = (
  eni: number,
  direction: number,
  family: number,
  service: number,
  peer: number,
) => TrafficClass | "unknown";

export async function trafficClasses(
  stored: StoredRecords,
  ruleIds: readonly string[],
  pool: AddressPool,
): Promise<ClassOf> {
  const memo = new WordMemo(4);
  const put = (to: WordMemo, eni: number, direction: number, family: number, service: number, peer: number): void => {
    to.key[0] = eni;
    to.key[1] = (direction << 2) | family;
    to.key[2] = service;
    to.key[3] = peer;
  };
  if (ruleIds.length > 0) {
    await stored.visitTraffic(ruleIds, ({ interfaceIdx, direction, protocol, port, family, address, trafficClass }) => {
      const peer = family === IPV4 ? address[0] : pool.idOf(address, 0);
      put(memo, interfaceIdx, direction, family, (protocol << 16) | port, peer);
      if (memo.find() < 0) memo.add(TRAFFIC_CLASSES.indexOf(trafficClass));
    });
  }
  return (eni, direction, family, service, peer) => {
    put(memo, eni, direction, family, service, peer);
    const found = memo.find();
    return found < 0 ? "unknown" : TRAFFIC_CLASSES[found];
  };
}

export function addressText(pool: AddressPool, family: number, address: number): string {
  if (family === 0) return "-";
  if (family === IPV4) return formatIpv4(address >>> 0);
  const at = address * 4;
  return formatIpv6(pool.words[at], pool.words[at + 1], pool.words[at + 2], pool.words[at + 3]);
}

function join(
  a: ChangeGroup & { interfaceIds: string[] },
  b: ChangeGroup & { interfaceIds: string[] },
): ChangeGroup & { interfaceIds: string[] } {
  a.interfaceIds.push(...b.interfaceIds);
  return {
    ...a,
    records: a.records + b.records,
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
  };
}
