import type {
  Agreement,
  Cause,
  Decision,
  InitiatorEvidence,
  Initiator,
  Judgement,
  Layer,
  Verdict,
} from "../../judgement.ts";
import type { FilterMatch } from "../../policy/filters.ts";
import { EGRESS, INGRESS, type LookupTable, NOT_ASKED, type PolicyLookup } from "../lookup/policy-lookup.ts";
import { type GroupFacts, securityGroups } from "./security-groups.ts";

/** What is known of a record apart from the policy: its own fields, and the connection it belongs to. */
export interface RecordFacts extends GroupFacts {
  readonly accountId: number;
  readonly logStatus: "OK" | "NODATA" | "SKIPDATA";
  readonly rejectReason: "BPA" | "EC" | "other" | null;
  readonly evidence: InitiatorEvidence;
  /** The same if not `initiator` but the other end opened it. */
  readonly openingIfOther: number;
  /** REJECT that begins when everything accepted of its connection before it has ended. */
  readonly late: boolean;
  /** The evidence for the initiator is weak: a packet passes if it may be a request, or the reply to one. */
  readonly uncertain: boolean;
  /** Who may have opened the connection: `initiator`; either end, `initiator` rather than the other; or either end. */
  readonly openers: "one" | "likelier" | "either";
}

/** What the layers say of a packet, in the order in which it meets them. */
interface LayerWalk {
  readonly layers: Record<Layer, Decision | null>;
  readonly verdict: Verdict;
  readonly decidedBy: Layer | null;
  readonly cause: Cause | null;
  readonly naclRule: number;
  readonly sg: FilterMatch | null;
  readonly reply: boolean;
}

const NO_LAYERS: Readonly<Record<Layer, Decision | null>> = {
  nacl_in: null,
  sg_in: null,
  sg_out: null,
  nacl_out: null,
};

/** Judges a record. Pure: the same lookup and facts give an equal judgement. */
export function judge(lookup: PolicyLookup, facts: RecordFacts, { lookups, matches }: LookupTable): Judgement {
  const said = {
    accountId: facts.accountId,
    direction: lookup.direction === INGRESS ? "ingress" : lookup.direction === EGRESS ? "egress" : null,
    initiator: facts.initiator,
    evidence: facts.evidence,
    action: facts.action,
    logStatus: facts.logStatus,
    rejectReason: facts.rejectReason,
    snapshot: lookup.snapshot,
  } as const;
  const silent = {
    verdict: "undecided",
    decidedBy: null,
    layers: NO_LAYERS,
    naclRule: -1,
    sgRules: [],
    sgPossible: [],
  } as const;
  if (facts.logStatus !== "OK") return { ...said, ...silent, agreement: "no_data", cause: null };
  if (lookup.interfaceKnown === "unknown") return { ...said, ...silent, agreement: "unmodelled", cause: null };
  const placed = lookup.interfaceKnown === "placed";
  if (placed && lookup.direction === 0) {
    const sgPossible = eitherSide(lookup, lookups, matches);
    return { ...said, ...silent, sgPossible, agreement: "unmodelled", cause: null };
  }
  if (lookup.local !== "known") {
    const cause = lookup.local === "no_address" ? "field_absent" : "address_not_on_eni";
    return { ...said, ...silent, agreement: "undecided", cause };
  }

  let [chosen, from] = [walk(lookup, facts, matches), lookup];
  let initiator = facts.initiator;
  let changed = false;
  if (facts.uncertain && contradicts(chosen.verdict, facts.action)) {
    const swapped = facts.initiator === "local" ? "remote" : "local";
    const other = walk(lookup, { ...facts, initiator: swapped, openingMatch: facts.openingIfOther }, matches);
    if (!contradicts(other.verdict, facts.action)) [chosen, initiator] = [other, swapped];
  }
  // What the groups of an unknown interface say is open, so only a network ACL can contradict the action.
  const fits = (verdict: Verdict): boolean =>
    placed ? !contradicts(verdict, facts.action) : consistent(verdict, facts.action);
  if (!fits(chosen.verdict)) {
    // The record straddles a change: either configuration may have decided it.
    for (const other of lookup.others) {
      const second = walk(lookups[other], facts, matches);
      if (!fits(second.verdict)) continue;
      [chosen, from, changed, initiator] = [second, lookups[other], true, facts.initiator];
      break;
    }
  }
  const rules = admittingRules(chosen.sg, initiator, from, facts, matches);
  if (placed && chosen.verdict !== "deny") {
    const { layers } = chosen;
    // A packet that its groups stopped on the way out met no network ACL.
    const naclRule = facts.action === "REJECT" && lookup.direction === EGRESS ? -1 : chosen.naclRule;
    return {
      ...said,
      ...silent,
      snapshot: from.snapshot,
      layers,
      naclRule,
      ...rules,
      agreement: "unmodelled",
      cause: null,
    };
  }
  const agreement = agreementOf(chosen.verdict, facts.action);
  return {
    ...said,
    snapshot: from.snapshot,
    verdict: chosen.verdict,
    agreement,
    decidedBy: chosen.decidedBy,
    cause: causeOf(chosen, agreement, changed, from, facts),
    layers: chosen.layers,
    naclRule: chosen.naclRule,
    ...rules,
  };
}

/** Whatever may have admitted a record of which it is open which side is the interface. */
function eitherSide(
  { others }: PolicyLookup,
  lookups: readonly PolicyLookup[],
  matches: readonly FilterMatch[],
): number[] {
  const asked = others.flatMap((other) => [lookups[other].sgIfLocal, lookups[other].sgIfRemote]);
  return [...new Set(asked.flatMap((match) => (match === NOT_ASKED ? [] : matches[match].possible)))];
}

/**
 * The rules that admit the record if `sg` is what the groups say for `initiator`. If the other end may have opened the
 * connection, what they say for it is possible, too.
 */
function admittingRules(
  sg: FilterMatch | null,
  initiator: Initiator,
  lookup: PolicyLookup,
  facts: RecordFacts,
  matches: readonly FilterMatch[],
): Pick<Judgement, "sgRules" | "sgPossible"> {
  if (sg === null || facts.openers === "one") return { sgRules: sg?.rules ?? [], sgPossible: sg?.possible ?? [] };
  const { sgIfLocal, sgIfRemote } = lookup;
  const opening = initiator === facts.initiator ? facts.openingIfOther : facts.openingMatch;
  const ifOther = opening !== NOT_ASKED ? opening : initiator === "local" ? sgIfRemote : sgIfLocal;
  const asked = initiator === "unknown" ? [matches[sgIfLocal], matches[sgIfRemote]] : [sg, matches[ifOther]];
  const sgRules = facts.openers === "likelier" ? sg.rules : [];
  const all = new Set(asked.flatMap(({ rules, possible }) => [...rules, ...possible]));
  return { sgRules, sgPossible: [...all].filter((rule) => !sgRules.includes(rule)) };
}

function walk(lookup: PolicyLookup, facts: RecordFacts, matches: readonly FilterMatch[]): LayerWalk {
  const layers = { ...NO_LAYERS };
  const ingress = lookup.direction === INGRESS;
  const sgLayer: Layer = ingress ? "sg_in" : "sg_out";
  const order: Layer[] = ingress ? ["nacl_in", "sg_in"] : ["sg_out", "nacl_out"];
  if (!ingress && lookup.naclIn !== NOT_ASKED) order.push("nacl_in");
  let cause: Cause | null = null;
  let naclRule = -1;
  let denied: Layer | null = null;
  let open: Layer | null = null;
  let last: Layer | null = null;
  let doubtful: Layer | null = null;
  const aclAsked = ingress ? lookup.naclIn : lookup.naclOut;
  const aclDenies = aclAsked !== NOT_ASKED && matches[aclAsked].answer === "deny";
  const group = securityGroups(lookup, facts, matches, aclDenies);

  for (const layer of order) {
    let decision: Decision;
    if (lookup.unfiltered) decision = "skipped";
    else if (layer === sgLayer) {
      decision = group.decision;
      if (decision === "undecided") cause ??= group.cause ?? group.match?.doubt ?? "unresolved_reference";
    } else {
      const asked = layer === "nacl_in" ? lookup.naclIn : lookup.naclOut;
      if (lookup.sameSubnet) decision = "skipped";
      else if (asked === NOT_ASKED) decision = lookup.aclUnknown ? "undecided" : "skipped";
      else decision = matches[asked].answer;
      if (decision === "undecided") cause ??= asked === NOT_ASKED ? "unresolved_reference" : matches[asked].doubt;
      // If several network ACLs were asked, the entry that stopped the packet is named.
      if (asked !== NOT_ASKED && decision !== "skipped" && denied === null) {
        const { echo, rules } = matches[asked];
        const likely = group.reply ? echo?.reply : echo?.request;
        naclRule = rules[0] ?? likely?.rule ?? -1;
        if (decision === "undecided" && likely?.allow === false) doubtful = layer;
      }
    }
    layers[layer] = decision;
    if (decision === "deny") denied ??= layer;
    else if (decision === "undecided") open ??= layer;
    else if (decision !== "skipped") last = layer;
  }
  // Denied either way: the network ACL, which comes first, would have stopped an echo.
  if (denied === sgLayer && doubtful !== null && ingress) denied = doubtful;
  const verdict = denied ? "deny" : open ? "undecided" : "allow";
  return {
    layers,
    verdict,
    decidedBy: denied ?? open ?? last,
    cause: verdict === "undecided" ? (cause ?? group.cause) : denied && denied !== sgLayer ? null : group.cause,
    naclRule,
    sg: lookup.unfiltered ? null : group.match,
    reply: group.reply,
  };
}

function contradicts(verdict: Verdict, action: RecordFacts["action"]): boolean {
  return verdict !== "undecided" && !consistent(verdict, action);
}

function consistent(verdict: Verdict, action: RecordFacts["action"]): boolean {
  return action === null || verdict === (action === "ACCEPT" ? "allow" : "deny");
}

function agreementOf(verdict: Verdict, action: RecordFacts["action"]): Agreement {
  if (verdict === "undecided" || action === null) return "undecided";
  if (consistent(verdict, action)) return "agree";
  return action === "ACCEPT" ? "unexpected_accept" : "unexpected_reject";
}

function causeOf(
  walked: LayerWalk,
  agreement: Agreement,
  changed: boolean,
  lookup: PolicyLookup,
  facts: RecordFacts,
): Cause | null {
  if (changed) return "config_changed_in_record";
  if (agreement === "unexpected_reject") {
    if (facts.rejectReason === "BPA") return "block_public_access";
    if (facts.rejectReason === "EC") return "encryption_control";
    if (facts.late) return "late_packet";
    if (facts.outOfState) return "no_tracked_connection";
  }
  if (agreement === "unexpected_accept" || agreement === "unexpected_reject") {
    if (lookup.interfaceKnown === "other_snapshot") return "interface_from_other_snapshot";
    return agreement === "unexpected_accept" && facts.outOfState ? "no_tracked_connection" : "no_explanation";
  }
  if (agreement === "undecided" && facts.action === null) return "field_absent";
  const stoppedByAcl = walked.decidedBy === "nacl_in" || walked.decidedBy === "nacl_out";
  if (walked.verdict === "deny" && walked.reply && stoppedByAcl) return "return_path_nacl";
  if (lookup.interfaceKnown === "other_snapshot") return "interface_from_other_snapshot";
  return walked.cause;
}
