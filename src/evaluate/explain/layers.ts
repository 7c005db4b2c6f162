import { formatAddress, type Address } from "../../net/address.ts";
import { hasPorts } from "../../net/protocols.ts";
import type { Cause, Decision, Layer, Verdict } from "../judgement.ts";
import type { Direction, NetworkAcl, NetworkInterface, PortRange, Snapshot } from "../../policy/model.ts";
import type { GroupsAnswer } from "./ask-groups.ts";
import { askNetworkAcl, passingPorts, type AclAnswer } from "./ask-network-acl.ts";
import { askOpening, type Ends } from "./opening.ts";
import { sharedSubnet, unfilteredPeer } from "./place.ts";
import { viaTransitInSubnet } from "./route.ts";
import { answerGroups, type GroupDecision, type Known } from "./security-group-layer.ts";
import type { LayerTrace } from "./trace.ts";

/** A packet at an interface, under one configuration. */
export interface PacketAt {
  readonly snapshot: Snapshot;
  readonly networkInterface: NetworkInterface;
  readonly direction: Direction;
  readonly ends: Ends & { readonly local: Ends["remote"] };
}

/** A record ready to be put to a configuration. */
export interface Case extends PacketAt, Known {
  readonly direction: Direction;
}

export interface Walk {
  readonly layers: readonly LayerTrace[];
  readonly verdict: Verdict;
  readonly decidedBy: Layer | null;
  readonly cause: Cause | null;
  readonly naclRuleId: string | null;
  readonly groups: GroupsAnswer | null;
  readonly reply: boolean;
  /** What the network ACL that decided lets pass with the peer; null where another layer did, or ports play no part. */
  readonly passing: (() => PassingPorts) | null;
}

export interface PassingPorts {
  readonly aclId: string;
  readonly protocol: number;
  readonly peer: Address;
  /** Of the packet; null when it is not known. */
  readonly port: number | null;
  /** Destination ports that pass for certain, ascending and apart. */
  readonly ports: readonly PortRange[];
}

/** Asks the layers in the order in which the packet meets them. */
export function walkLayers(one: Case): Walk {
  const unfiltered = unfilteredPeer(one.snapshot, one.networkInterface, one.ends.remote);
  const acls = askAcls(one, unfiltered);
  const groups = answerGroups(one, {
    ifLocal: askOpening(one, one.ends, "local"),
    ifRemote: askOpening(one, one.ends, "remote"),
    aclDenies: acls[0].answer?.answer === "deny",
  });
  const sgLayer: Layer = one.direction === "ingress" ? "sg_in" : "sg_out";
  const because = unfiltered === null ? groups.because : notFiltered(unfiltered);
  const owners = one.networkInterface.groupIds;
  const rules = groups.answer?.traces ?? [];
  const trace = { layer: sgLayer, decision: groups.decision, because, owners, rules };
  const sg: Asked = { layer: sgLayer, answer: null, doubt: groups.doubt, trace, passing: null };
  return conclude(one.direction === "ingress" ? [...acls, sg] : [sg, ...acls], groups);
}

/** The network ACL stops the packet for certain. */
export function isStoppedByAcl(one: PacketAt): boolean {
  const unfiltered = unfilteredPeer(one.snapshot, one.networkInterface, one.ends.remote);
  return askAcls(one, unfiltered)[0].answer?.answer === "deny";
}

const notFiltered = (what: string): string => `no layer filters traffic with ${what}`;

/** A layer, asked. */
interface Asked {
  readonly layer: Layer;
  /** Of a network ACL. */
  readonly answer: AclAnswer | null;
  readonly doubt: Cause | null;
  readonly trace: LayerTrace;
  readonly passing: Walk["passing"];
}

function conclude(asked: readonly Asked[], groups: GroupDecision): Walk {
  let denied: Layer | null = null;
  let open: Layer | null = null;
  let passed: Layer | null = null;
  let doubt: Cause | null = null;
  let naclRuleId: string | null = null;
  let aclLikelyDenies: Layer | null = null;
  for (const { layer, trace, doubt: why, answer: acl } of asked) {
    if (acl && denied === null) {
      // ICMP entries of certain types: the one that an echo would meet is named, though it does not make the verdict.
      const likely = groups.reply ? acl.echo?.reply : acl.echo?.request;
      naclRuleId = acl.ruleId ?? likely?.ruleId ?? null;
      if (acl.answer === "undecided" && likely?.allow === false) aclLikelyDenies = layer;
    }
    if (trace.decision === "deny") denied ??= layer;
    else if (trace.decision === "undecided") [open, doubt] = [open ?? layer, doubt ?? why];
    else if (trace.decision !== "skipped") passed = layer;
  }
  // Denied in any case: of an echo the network ACL would have stopped it before the groups could.
  if (denied === "sg_in" && aclLikelyDenies !== null) denied = aclLikelyDenies;
  const verdict = denied ? "deny" : open ? "undecided" : "allow";
  const byGroups = denied === "nacl_in" || denied === "nacl_out" ? null : groups.cause;
  return {
    layers: asked.map(({ trace }) => trace),
    verdict,
    decidedBy: denied ?? open ?? passed,
    cause: verdict === "undecided" ? (doubt ?? groups.cause) : byGroups,
    naclRuleId,
    groups: groups.answer,
    reply: groups.reply,
    passing: asked.find(({ layer }) => layer === (denied ?? open))?.passing ?? null,
  };
}

/** The network ACL of the interface's subnet, stateless: asked for every packet that crosses the subnet's boundary. */
function askAcls(one: PacketAt, unfiltered: string | null): [Asked, ...Asked[]] {
  const { snapshot, networkInterface, direction, ends } = one;
  const layer: Layer = direction === "ingress" ? "nacl_in" : "nacl_out";
  const without = (decision: Decision, because: string, doubt: Cause | null = null): Asked => ({
    layer,
    answer: null,
    doubt,
    trace: { layer, decision, because, owners: [], rules: [] },
    passing: null,
  });
  if (unfiltered !== null) return [without("skipped", notFiltered(unfiltered))];
  const shared = sharedSubnet(snapshot, networkInterface, ends.remote);
  if (shared !== null) return [without("skipped", `inside the subnet: ${shared}`)];
  const transit = viaTransitInSubnet(snapshot, networkInterface, ends.remote);
  if (transit && direction === "ingress") {
    return [without("skipped", "through a transit gateway whose attachment shares the subnet: no entry is met")];
  }
  const acl = [...snapshot.networkAcls.values()].findLast((any) =>
    any.subnetIds.includes(networkInterface.subnetId ?? ""),
  );
  if (!acl) return [without("undecided", "the model has no network ACL for the subnet", "unresolved_reference")];
  const crossing = askOne(one, acl, layer, ends.remote);
  // Instance and attachment share the subnet: the inbound entries see the packet too, with its source.
  return transit ? [crossing, askOne(one, acl, "nacl_in", ends.local)] : [crossing];
}

function askOne(one: PacketAt, acl: NetworkAcl, layer: Layer, peer: Ends["remote"]): Asked {
  const { ends, direction } = one;
  const port = direction === "ingress" ? ends.localPort : ends.remotePort;
  const question = { protocol: ends.protocol, port, peer };
  const answer = askNetworkAcl(acl, layer === "nacl_in" ? "ingress" : "egress", question);
  const decides = answer.ruleId ?? answer.traces.at(-1)?.ruleId ?? "no entry";
  const because = {
    allow: `${decides} lets it pass`,
    deny: `${decides} denies it`,
    undecided: `entries that say otherwise may match ${formatAddress(peer)} before ${decides}`,
  }[answer.answer];
  const trace = { layer, decision: answer.answer, because, owners: [acl.id], rules: answer.traces };
  const way: Direction = layer === "nacl_in" ? "ingress" : "egress";
  const { protocol } = ends;
  const passing = (): PassingPorts => ({
    aclId: acl.id,
    protocol: protocol!,
    peer,
    port,
    ports: passingPorts(acl, way, { protocol: protocol!, peer }),
  });
  const ported = protocol !== null && hasPorts(protocol);
  return { layer, answer, doubt: answer.doubt, trace, passing: ported ? passing : null };
}
