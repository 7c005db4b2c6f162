import type { Cause, Initiator } from "../judgement.ts";
import type { Model } from "../model/model.ts";
import type { PolicyVerdict } from "../evaluate/judge/policy-verdict.ts";
import type { StoredJudgement } from "../store/stored-records.ts";

/**
 * What a proposal does to a record, given what was logged:
 *   breaks    accepted traffic that would be denied
 *   opens     rejected traffic that would be accepted
 *   agrees    the verdict changes to what was logged anyway (a late packet, a rule that the model lacked)
 *   same      no change, in any possible world
 *   may_break accepted traffic that the model in force cannot decide and the proposal certainly denies
 *   unsure    accepted traffic that the proposal admits in some possible worlds and denies in others
 *   doubtful  any other record undecided before or after, or that straddles a change of the configuration
 *   unknown   the proposal does not have the interface
 */
export type Effect = (typeof EFFECTS)[number];
export const EFFECTS = ["same", "breaks", "opens", "agrees", "may_break", "unsure", "doubtful", "unknown"] as const;

/** Why a record is `may_break` or `unsure`: a cause of the evaluator, or of POSSIBLE_CAUSES (judgement.ts). */
export type UnsureCause = Cause | "opener_unknown" | "interface_not_in_model";

/** The rules and entries that the proposal lacks or has otherwise, and the direction of each group rule in force. */
export interface ChangedRules {
  readonly ids: ReadonlySet<string>;
  readonly entries: boolean;
  readonly directions: ReadonlyMap<string, "ingress" | "egress">;
}

/** Compares two configurations rule by rule. */
export function changedRules(inForce: Model, proposed: Model): ChangedRules {
  const [before, after] = [rulesOf(inForce), rulesOf(proposed)];
  const [was, is] = [entriesOf(inForce), entriesOf(proposed)];
  const isSame = (texts: ReadonlySet<string>, others: ReadonlySet<string> = new Set()): boolean =>
    texts.size === others.size && [...texts].every((text) => others.has(text));
  const ids = [...before].flatMap(([id, { texts }]) => (isSame(texts, after.get(id)?.texts) ? [] : [id]));
  return {
    ids: new Set(ids),
    entries: was.size !== is.size || [...was].some((text) => !is.has(text)),
    directions: new Map([...before].map(([id, { direction }]) => [id, direction])),
  };
}

function rulesOf({ snapshots }: Model) {
  const rules = new Map<string, { readonly direction: "ingress" | "egress"; readonly texts: Set<string> }>();
  for (const { securityGroups } of snapshots) {
    for (const { rules: all } of securityGroups.values()) {
      for (const { id, groupId, direction, protocol, ports, icmp, peer } of all) {
        const known = rules.get(id) ?? { direction, texts: new Set<string>() };
        known.texts.add(JSON.stringify([groupId, direction, protocol, ports, icmp, peer]));
        rules.set(id, known);
      }
    }
  }
  return rules;
}

function entriesOf({ snapshots }: Model): ReadonlySet<string> {
  return new Set(
    snapshots.flatMap(({ networkAcls }) =>
      [...networkAcls.values()].flatMap(({ id, entries }) => entries.map((entry) => JSON.stringify([id, entry]))),
    ),
  );
}

/**
 * Who may have opened the connection of an accepted record: the evaluator keeps the rules of the other end, if it may have,
 * among the possible ones.
 */
export function possibleInitiators(
  { action, initiator, rules, possibleRules }: StoredJudgement,
  { directions }: ChangedRules,
): readonly Initiator[] {
  if (action !== "ACCEPT" || possibleRules.length === 0) return [initiator];
  const has = (direction: string, some: readonly string[]): boolean =>
    some.some((id) => directions.get(id) === direction);
  if (initiator === "local") return has("ingress", possibleRules) ? ["local", "remote"] : ["local"];
  if (initiator === "remote") return has("egress", possibleRules) ? ["remote", "local"] : ["remote"];
  const all = [...rules, ...possibleRules];
  if (has("egress", all)) return has("ingress", all) ? ["local", "remote"] : ["local"];
  return has("ingress", all) ? ["remote"] : ["unknown"];
}

/** What the proposal does in a world where it is known who opened the connection. */
export interface World {
  readonly was: PolicyVerdict;
  readonly is: PolicyVerdict;
  /** Ids of the group rules behind `was`: those that admit, or may. */
  readonly wasRules: readonly string[];
}

/** The effect over all worlds, and the cause if they differ. */
export function effectOver(
  judgement: StoredJudgement,
  worlds: readonly World[],
  changed: ChangedRules,
): { readonly effect: Effect; readonly cause: UnsureCause | null } {
  if (worlds[0].was.unmodelled) return effectAtUnknown(judgement, changed);
  // AWS let it pass: a world in which the configuration in force denies it is not the real one.
  const consistent = worlds.length === 1 ? worlds : worlds.filter(({ was }) => was.verdict !== "deny");
  const found = (consistent.length === 0 ? worlds.slice(0, 1) : consistent).map((world) => ({
    effect: effectIn(judgement, world, changed),
    cause: world.is.cause ?? world.was.cause,
  }));
  const [{ effect, cause }] = found;
  if (found.every((one) => one.effect === effect)) return { effect, cause: isUncertain(effect) ? cause : null };
  // The connection was credited to rules of the likelier opener, and they are gone.
  if (effect === "breaks" && judgement.rules.length > 0) return { effect, cause: null };
  const isRisk = found.some((one) => one.effect === "breaks" || isUncertain(one.effect));
  return isRisk ? { effect: "unsure", cause: "opener_unknown" } : { effect: "doubtful", cause: null };
}

function isUncertain(effect: Effect): boolean {
  return effect === "may_break" || effect === "unsure";
}

function effectIn({ action }: StoredJudgement, { was, is, wasRules }: World, changed: ChangedRules): Effect {
  if (was.unmodelled || action === null) return "same";
  if (is.unmodelled) return "unknown";
  const accepted = action === "ACCEPT";
  if (was.verdict === "undecided" && is.verdict === "undecided") {
    // The type, the member or whatever is not known may be the one that a changed rule was for.
    const byEntry = was.decidedBy === "nacl_in" || was.decidedBy === "nacl_out";
    const isChanged = wasRules.some((id) => changed.ids.has(id)) || (byEntry && changed.entries);
    return accepted && isChanged ? "unsure" : "same";
  }
  if (was.verdict === is.verdict) return "same";
  if (accepted && is.verdict === "undecided") return "unsure";
  if (accepted && was.verdict === "undecided" && is.verdict === "deny") return "may_break";
  if (was.verdict === "undecided" || is.verdict === "undecided") return "doubtful";
  if (accepted) return is.verdict === "deny" ? "breaks" : "agrees";
  return is.verdict === "allow" ? "opens" : "agrees";
}

/** At an interface that no configuration in force knows: the rules that may have admitted the record must stay. */
function effectAtUnknown(
  { action, possibleRules }: StoredJudgement,
  changed: ChangedRules,
): { readonly effect: Effect; readonly cause: UnsureCause | null } {
  const isRisk = action === "ACCEPT" && possibleRules.some((id) => changed.ids.has(id));
  return isRisk ? { effect: "unsure", cause: "interface_not_in_model" } : { effect: "same", cause: null };
}
