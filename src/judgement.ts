/** One layer's answer. `tracked`: passes as part of a tracked connection; `skipped`: the layer does not apply. */
export type Decision = "allow" | "deny" | "tracked" | "skipped" | "undecided";
export type Layer = "nacl_in" | "sg_in" | "sg_out" | "nacl_out";
export type Verdict = "allow" | "deny" | "undecided";
export type Agreement = "agree" | "unexpected_accept" | "unexpected_reject" | "undecided" | "unmodelled" | "no_data";
export type Initiator = "local" | "remote" | "unknown";

/** What tells the initiator. Evidence files store the index of a name. */
export const EVIDENCE = [
  "none",
  "tcp_flags",
  "tracked_connection",
  "service_port",
  "many_clients",
  "earlier_start",
  "policy",
  "lower_port",
  "only_direction",
  "likelier_port",
] as const;
export type InitiatorEvidence = (typeof EVIDENCE)[number];

/** Why a record disagrees with the model, or why it agrees only on a second look (src/evaluate/README.md defines each). */
export type Cause =
  | "return_path_nacl"
  | "late_packet"
  | "no_tracked_connection"
  | "tracked_after_rule_change"
  | "config_changed_in_record"
  | "interface_from_other_snapshot"
  | "block_public_access"
  | "encryption_control"
  | "icmp_error_of_tracked_flow"
  | "icmp_type_unknown"
  | "unresolved_reference"
  | "nlb_client_ip"
  | "peer_not_in_model"
  | "field_absent"
  | "address_not_on_eni"
  | "no_explanation";

/** Each cause in a clause, for people. */
export const CAUSE_TEXT: Readonly<Record<Cause, string>> = {
  return_path_nacl:
    "a network ACL stopped the reply of a connection that the groups let pass, most often because the client ports are not open",
  late_packet:
    "a packet after the last accepted one of its connection, which was closed or had timed out; the rules had admitted that connection",
  no_tracked_connection:
    "a packet of a connection that the log never saw open, judged by the rules of its own direction",
  tracked_after_rule_change:
    "the connection was opened under a rule that was removed; tracked connections outlive their rule",
  config_changed_in_record: "the configuration changed during the record, and the other configuration explains it",
  interface_from_other_snapshot:
    "only an earlier or later snapshot has the interface; it was judged by that configuration",
  block_public_access: "VPC Block Public Access rejected it (reject-reason BPA), not a group or network ACL",
  encryption_control: "encryption controls rejected it (reject-reason EC), not a group or network ACL",
  icmp_error_of_tracked_flow: "an ICMP error about a tracked connection, which passes with that connection",
  icmp_type_unknown:
    "records have no ICMP type, so it cannot be told whether a rule for some types matched, or whether a router sent an error about a tracked flow",
  unresolved_reference: "a group, prefix list or network ACL that decides is not in the model",
  nlb_client_ip:
    "a rule names the group of a Network Load Balancer, which may preserve client addresses, so it cannot be told which peer the rules saw",
  peer_not_in_model:
    "the peer has an address of a modelled VPC, but no interface in force had it, so it cannot be told whether it was a member of a referenced group",
  field_absent: "the record lacks a field that the judgement needs",
  address_not_on_eni: "neither address of the record belongs to the interface, so it has no direction",
  no_explanation:
    "nothing in the log or the model explains it; the modelled configuration is probably not the one that was in force",
};

/** Why it is open whether a rule admitted a record, and what would settle it. Sets of causes are words of these bits. */
export const POSSIBLE_CAUSES = [
  { bit: 1, name: "icmp_type_unknown", settledBy: "a log that carries ICMP types" },
  { bit: 2, name: "unresolved_reference", settledBy: "a model that resolves the rule's peer" },
  { bit: 4, name: "nlb_client_ip", settledBy: "the Network Load Balancer's setting for client addresses" },
  { bit: 8, name: "field_absent", settledBy: "a log format with protocol and ports" },
  { bit: 16, name: "peer_not_in_model", settledBy: "a snapshot of a time when the peer's interface existed" },
  { bit: 32, name: "interface_not_in_model", settledBy: "a snapshot of a time when the interface existed" },
  { bit: 64, name: "opener_unknown", settledBy: "tcp-flags, or records of both ends" },
  { bit: 128, name: "configuration_unknown", settledBy: "a snapshot of that time" },
] as const;

/** The evaluator's full answer for a record. Equal answers share one object and one number. */
export interface Judgement {
  readonly accountId: number;
  readonly direction: "ingress" | "egress" | null;
  readonly initiator: Initiator;
  readonly evidence: InitiatorEvidence;
  readonly action: "ACCEPT" | "REJECT" | null;
  readonly logStatus: "OK" | "NODATA" | "SKIPDATA";
  readonly verdict: Verdict;
  readonly agreement: Agreement;
  readonly decidedBy: Layer | null;
  readonly cause: Cause | null;
  /** Decision of each layer; null if the layer is not on the record's path. */
  readonly layers: Readonly<Record<Layer, Decision | null>>;
  readonly rejectReason: "BPA" | "EC" | "other" | null;
  /** Index into `ruleIds` of the network ACL entry that decided, -1 if none did for certain. */
  readonly naclRule: number;
  /** Indices of all security group rules that admit the connection, and of those that may (ICMP types, unresolved references). */
  readonly sgRules: readonly number[];
  readonly sgPossible: readonly number[];
  /** Snapshot that was asked, -1 if none. */
  readonly snapshot: number;
}
