import type { Cause } from "../evaluate/judgement.ts";

/** Each cause in a sentence, for readers who do not have the README at hand. */
const SENTENCES: Readonly<Record<Cause, string>> = {
  return_path_nacl:
    "A network ACL stopped the answer of a connection whose request had passed: it lacks the port range that clients receive on.",
  late_packet:
    "A packet that came after its connection was closed or forgotten by the connection tracker; the rules had admitted that connection.",
  no_tracked_connection:
    "A packet in the middle of a connection that the log never saw opening; judged by the rules of its own direction.",
  tracked_after_rule_change:
    "The connection was opened under a rule that is gone now; tracked connections outlive their rule.",
  config_changed_in_record:
    "The configuration changed while the record was collected; one of its two states explains it.",
  interface_from_other_snapshot:
    "Only an earlier or a later snapshot knows the interface; it was judged by that configuration.",
  block_public_access: "VPC Block Public Access rejected the traffic, before any rule was asked.",
  encryption_control: "An encryption control of the VPC rejected the traffic, before any rule was asked.",
  icmp_error_of_tracked_flow: "An ICMP error about a tracked connection, which passes with that connection.",
  icmp_type_unknown:
    "Records carry no ICMP type: whether a rule for certain types matched, or whether this was a router's error about a tracked flow, cannot be told.",
  unresolved_reference:
    "A rule refers to a prefix list or a group whose members the model does not know: whether it matched cannot be told.",
  nlb_client_ip:
    "The traffic comes through a Network Load Balancer that may preserve client addresses: which peer the rules saw cannot be told.",
  field_absent: "The record lacks a field that the judgement needs.",
  address_not_on_eni: "Neither address of the record belongs to the interface in the model, so it has no direction.",
  no_explanation:
    "Nothing in the log or the model explains it: the modelled configuration is probably not the one that was in force.",
};

/** Empty for a cause that is not known here. */
export function causeText(cause: string | null): string {
  return cause !== null && Object.hasOwn(SENTENCES, cause) ? SENTENCES[cause as Cause] : "";
}
