import type { Agreement, Cause, Verdict } from "../judgement.ts";
import type { FlowRecord } from "./record.ts";
import type { Walk } from "./layers.ts";

/** What makes a difference to the cause, beside the layers. */
export interface Circumstances {
  readonly record: FlowRecord;
  /** Another configuration than the one at the record's start explains it. */
  readonly changed: boolean;
  /** The interface stands in another snapshot only. */
  readonly elsewhere: boolean;
  readonly stray: boolean;
  /** REJECT that begins when all that was accepted of its connection before it has ended. */
  readonly late: boolean;
}

export function consistent(verdict: Verdict, action: FlowRecord["action"]): boolean {
  return action === null || verdict === (action === "ACCEPT" ? "allow" : "deny");
}

/** The verdict says the opposite of the action; an undecided one does not. */
export function contradicts(verdict: Verdict, action: FlowRecord["action"]): boolean {
  return verdict !== "undecided" && !consistent(verdict, action);
}

export function agreementOf(verdict: Verdict, action: FlowRecord["action"]): Agreement {
  if (verdict === "undecided" || action === null) return "undecided";
  if (consistent(verdict, action)) return "agree";
  return action === "ACCEPT" ? "unexpected_accept" : "unexpected_reject";
}

/** Why the record disagrees with the model, or agrees only on a second look. */
export function causeOf(walk: Walk, agreement: Agreement, of: Circumstances): Cause | null {
  const { action, rejectReason } = of.record;
  if (of.changed) return "config_changed_in_record";
  if (agreement === "unexpected_reject") {
    if (rejectReason === "BPA") return "block_public_access";
    if (rejectReason === "EC") return "encryption_control";
    if (of.late) return "late_packet";
    if (of.stray) return "no_tracked_connection";
  }
  if (agreement === "unexpected_accept" || agreement === "unexpected_reject") {
    if (of.elsewhere) return "interface_from_other_snapshot";
    return agreement === "unexpected_accept" && of.stray ? "no_tracked_connection" : "no_explanation";
  }
  if (agreement === "undecided" && action === null) return "field_absent";
  if (walk.verdict === "deny" && walk.reply && walk.decidedBy !== null && walk.decidedBy.startsWith("nacl")) {
    return "return_path_nacl";
  }
  return of.elsewhere ? "interface_from_other_snapshot" : walk.cause;
}

/** One sentence a cause. */
export const CAUSE_TEXT: Readonly<Record<Cause, string>> = {
  return_path_nacl: "the network ACL stops the reply of a connection that the groups let pass",
  late_packet: "a packet after the last accepted one of its connection: closed, or idle for too long",
  no_tracked_connection: "a packet of no tracked connection, judged by the rules of its own direction",
  tracked_after_rule_change: "the connection was tracked when its rule was removed, and goes on",
  config_changed_in_record:
    "the configuration changed during the record; another one than that at its start explains it",
  interface_from_other_snapshot:
    "the configuration in force does not know the interface; the nearest that does was asked",
  block_public_access: "VPC Block Public Access rejected it (reject-reason BPA), not a group or network ACL",
  encryption_control: "encryption controls rejected it (reject-reason EC), not a group or network ACL",
  icmp_error_of_tracked_flow: "an ICMP error about a tracked flow passes with it",
  icmp_type_unknown: "the ICMP type matters, and records carry none",
  unresolved_reference: "a group, prefix list or network ACL that matters is not in the model",
  nlb_client_ip: "a rule names the group of a network load balancer, which may hand on the client's address",
  field_absent: "the record lacks a field that matters",
  address_not_on_eni: "neither side of the record is an address of the interface",
  no_explanation: "nothing in the model or the log explains it",
};
