import { hasPorts } from "../../net/protocols.ts";
import { parseAddress, hostPrefix } from "../../net/parse.ts";
import { type AddressPool, createAddressPool } from "../../evaluate/address-pool.ts";
import { INTERFACE, KIND, PORTS, REMOTE } from "../../evaluate/connection-words.ts";
import { createKeys, writeKey } from "../../evaluate/row-key.ts";
import { EGRESS, INGRESS } from "../../evaluate/reading.ts";
import { WordMemo } from "../../evaluate/word-memo.ts";
import type { SecurityGroupRule } from "../../policy/model.ts";
import type { History } from "../../store/history.ts";
import type { TrafficClass } from "../../store/traffic-classes.ts";
import { createComparison, type Outcome } from "../flips.ts";
import { proposeReplacements } from "../proposal.ts";
import { addressText, isBreaking, trafficClasses } from "../tally.ts";
import { type Use, useKey } from "./use.ts";

/** A use that no rule but some of the given ones admits. */
export interface Demand extends Use {
  /** Those of them that do, one suffices; ascending. */
  readonly ruleIds: readonly string[];
  readonly trafficClass: TrafficClass | "unknown";
  /** Accepted records before the split and from it on. */
  readonly learnt: number;
  readonly heldBack: number;
}

interface Kind {
  readonly ruleIds: readonly string[];
  readonly direction: number;
}

/** `kind, interface, peer, family, protocol << 16 | port` */
const KEY_WORDS = 5;
const MOST_GROUPS = 4_000_000;

/**
 * What would be denied without the rules: every stored record is judged again without them. `split` in Unix seconds.
 * `complete` is false where the peers were too many to keep apart.
 */
export async function collectDemands(
  history: History,
  rules: readonly SecurityGroupRule[],
  split: number,
): Promise<{ readonly demands: readonly Demand[]; readonly complete: boolean }> {
  const directions = new Map(rules.map(({ id, direction }) => [id, direction === "egress" ? EGRESS : INGRESS]));
  const comparison = createComparison(history, proposeReplacements(new Map(rules.map(({ id }) => [id, []]))));
  const kinds: Kind[] = [];
  const kindsOfOutcome: number[][] = [];
  const addresses = createAddressPool();
  const memo = new WordMemo(KEY_WORDS);
  const keys: number[] = [];
  const counts: { learnt: number; heldBack: number }[] = [];
  let complete = true;

  const kindsOf = (id: number, outcome: Outcome): number[] =>
    (kindsOfOutcome[id] ??= !isNeeded(outcome)
      ? []
      : [INGRESS, EGRESS].flatMap((direction) => {
          const ruleIds = outcome.before.groupRuleIds.filter((rule) => directions.get(rule) === direction);
          return ruleIds.length === 0 ? [] : [kinds.push({ ruleIds, direction }) - 1];
        }));

  const key = createKeys(1);
  for (const table of ["flow_rows", "flow_rows_wide"] as const) {
    for await (const chunk of history.scan(table)) {
      const { outcome, outcomes } = comparison.compare(chunk);
      const { batch } = chunk;
      for (let row = 0; row < batch.rows; row++) {
        const one = outcomes[outcome[row]];
        for (const kind of kindsOf(outcome[row], one)) {
          writeKey(batch, row, one.judgement.direction === "egress" ? EGRESS : INGRESS, addresses, key, 0);
          const protocol = key[KIND] & 0xff;
          // Whoever opened it: a rule of this direction admits it by this port.
          const port = kinds[kind].direction === EGRESS ? key[PORTS] & 0xffff : key[PORTS] >>> 16;
          memo.key[0] = kind;
          memo.key[1] = key[INTERFACE];
          memo.key[2] = key[REMOTE];
          memo.key[3] = key[KIND] >>> 8;
          memo.key[4] = (protocol << 16) | (hasPorts(protocol) ? port : 0);
          let group = memo.find();
          if (group < 0) {
            if (counts.length >= MOST_GROUPS) {
              complete = false;
              continue;
            }
            group = counts.length;
            memo.add(group);
            keys.push(...memo.key);
            counts.push({ learnt: 0, heldBack: 0 });
          }
          if (batch.start[row] < split) counts[group].learnt++;
          else counts[group].heldBack++;
        }
      }
    }
  }
  const classOf = await trafficClasses(history, [...directions.keys()], addresses);
  const demands = new Map<string, Demand>();
  counts.forEach(({ learnt, heldBack }, at) => {
    const [kind, eni, peer, family, service] = keys.slice(at * KEY_WORDS, at * KEY_WORDS + KEY_WORDS);
    const { ruleIds, direction } = kinds[kind];
    const use = useOf(addresses, family, peer, service);
    if (use === null) return;
    const trafficClass = classOf(eni, direction, family, service, peer);
    merge(demands, { ...use, ruleIds, trafficClass, learnt, heldBack });
  });
  return { demands: [...demands.values()], complete };
}

/** Accepted, and without the rules no longer certain to be. */
function isNeeded({ effect, before, after, judgement }: Outcome): boolean {
  if (isBreaking(effect)) return true;
  return judgement.action === "ACCEPT" && before.verdict === "allow" && after.verdict === "undecided";
}

function useOf(pool: AddressPool, family: number, peer: number, service: number): Use | null {
  const address = parseAddress(addressText(pool, family, peer));
  if (address === null) return null;
  return { peer: hostPrefix(address), protocol: (service >>> 16) & 0xff, port: service & 0xffff };
}

/** The same use at several interfaces, or through several lists of rules, is kept apart by rules and class only. */
function merge(demands: Map<string, Demand>, one: Demand): void {
  const text = `${one.ruleIds.join(",")}|${one.trafficClass}|${useKey(one)}`;
  const known = demands.get(text);
  demands.set(
    text,
    known ? { ...known, learnt: known.learnt + one.learnt, heldBack: known.heldBack + one.heldBack } : one,
  );
}
