import type { Cause, Decision, Layer, Verdict } from "../judgement.ts";
import type { Direction, NetworkAcl, NetworkInterface, PortRange, Snapshot } from "../model/model.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { hasPorts, ICMP, isIcmp, MAX_PORT } from "../net/protocols.ts";
import { sharedSubnet, unfilteredPeer } from "./endpoints.ts";
import { answerGroups, type GroupDecision, type GroupsAnswer, type RecordContext } from "./security-groups.ts";
import { askOpening, type Endpoints } from "./initiators.ts";
import { matchEntry, type Question } from "./match-rule.ts";
import { viaTransitInSubnet } from "./choose-route.ts";
import type { MatchDoubt, LayerTrace, RuleTrace } from "./trace.ts";

/** A packet at an interface, under one configuration. */
export interface PacketAt {
  readonly snapshot: Snapshot;
  readonly networkInterface: NetworkInterface;
  readonly direction: Direction;
  readonly endpoints: Endpoints & { readonly local: Endpoints["remote"] };
}

/** A packet with what the layers need to know of its record. */
export interface LayerQuestion extends PacketAt, RecordContext {
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
  /** What the network ACL that decided lets pass with the peer; null when another layer decided or there are no ports. */
  readonly passing: (() => PassingPorts) | null;
}

export interface PassingPorts {
  readonly aclId: string;
  readonly protocol: number;
  readonly peer: Address;
  /** Of the packet; null when it is not known. */
  readonly port: number | null;
  /** Destination ports that pass for certain: ascending ranges with gaps between them. */
  readonly ports: readonly PortRange[];
}

export function isAclLayer(layer: Layer | null): boolean {
  return layer === "nacl_in" || layer === "nacl_out";
}

/** A network ACL stops the reply of a connection that the groups let pass. */
export function isStoppedReply({ verdict, reply, decidedBy }: Walk): boolean {
  return verdict === "deny" && reply && isAclLayer(decidedBy);
}

/** Asks the layers in the order in which the packet meets them. */
export function walkLayers(one: LayerQuestion): Walk {
  const unfiltered = unfilteredPeer(one.snapshot, one.networkInterface, one.endpoints.remote);
  const acls = askAcls(one, unfiltered);
  const groups = answerGroups(one, {
    ifLocal: askOpening(one, one.endpoints, "local"),
    ifRemote: askOpening(one, one.endpoints, "remote"),
    aclDenies: acls[0].answer?.answer === "deny",
  });
  const sgLayer: Layer = one.direction === "ingress" ? "sg_in" : "sg_out";
  const because = unfiltered === null ? groups.because : notFiltered(unfiltered);
  const owners = one.networkInterface.groupIds;
  const rules = groups.answer?.traces ?? [];
  const trace = { layer: sgLayer, decision: groups.decision, because, owners, rules };
  const sg: LayerAnswer = { layer: sgLayer, answer: null, doubt: groups.doubt, trace, passing: null };
  return conclude(one.direction === "ingress" ? [...acls, sg] : [sg, ...acls], groups);
}

/** The network ACL stops the packet for certain. */
export function isStoppedByAcl(one: PacketAt): boolean {
  const unfiltered = unfilteredPeer(one.snapshot, one.networkInterface, one.endpoints.remote);
  return askAcls(one, unfiltered)[0].answer?.answer === "deny";
}

const notFiltered = (what: string): string => `no layer filters traffic with ${what}`;

/** What a layer answers for a packet. */
interface LayerAnswer {
  readonly layer: Layer;
  /** Of a network ACL. */
  readonly answer: AclAnswer | null;
  readonly doubt: Cause | null;
  readonly trace: LayerTrace;
  readonly passing: Walk["passing"];
}

function conclude(asked: readonly LayerAnswer[], groups: GroupDecision): Walk {
  let denied: Layer | null = null;
  let open: Layer | null = null;
  let passed: Layer | null = null;
  let doubt: Cause | null = null;
  let naclRuleId: string | null = null;
  let aclLikelyDenies: Layer | null = null;
  for (const { layer, trace, doubt: why, answer: acl } of asked) {
    if (acl && denied === null) {
      // Among entries for certain ICMP types, the one that an echo would meet is named, though it makes no verdict.
      const likely = groups.reply ? acl.echo?.reply : acl.echo?.request;
      naclRuleId = acl.ruleId ?? likely?.ruleId ?? null;
      if (acl.answer === "undecided" && likely?.allow === false) aclLikelyDenies = layer;
    }
    if (trace.decision === "deny") denied ??= layer;
    else if (trace.decision === "undecided") [open, doubt] = [open ?? layer, doubt ?? why];
    else if (trace.decision !== "skipped") passed = layer;
  }
  // Denied in any case: if it is an echo, the network ACL stopped it before the groups could.
  if (denied === "sg_in" && aclLikelyDenies !== null) denied = aclLikelyDenies;
  const verdict = denied ? "deny" : open ? "undecided" : "allow";
  const byGroups = isAclLayer(denied) ? null : groups.cause;
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

/** Asks the network ACL of the interface's subnet. It is stateless and sees every packet that crosses the subnet's boundary. */
function askAcls(one: PacketAt, unfiltered: string | null): [LayerAnswer, ...LayerAnswer[]] {
  const { snapshot, networkInterface, direction, endpoints } = one;
  const layer: Layer = direction === "ingress" ? "nacl_in" : "nacl_out";
  const without = (decision: Decision, because: string, doubt: Cause | null = null): LayerAnswer => ({
    layer,
    answer: null,
    doubt,
    trace: { layer, decision, because, owners: [], rules: [] },
    passing: null,
  });
  if (unfiltered !== null) return [without("skipped", notFiltered(unfiltered))];
  const shared = sharedSubnet(snapshot, networkInterface, endpoints.remote);
  if (shared !== null) return [without("skipped", `inside the subnet: ${shared}`)];
  const transit = viaTransitInSubnet(snapshot, networkInterface, endpoints.remote);
  if (transit && direction === "ingress") {
    return [without("skipped", "through a transit gateway whose attachment shares the subnet: no entry is met")];
  }
  const acl = [...snapshot.networkAcls.values()].findLast((any) =>
    any.subnetIds.includes(networkInterface.subnetId ?? ""),
  );
  if (!acl) return [without("undecided", "the model has no network ACL for the subnet", "unresolved_reference")];
  const crossing = askOne(one, acl, layer, endpoints.remote);
  // The transit gateway's attachment is in the same subnet, so the inbound entries see the packet, too, by its source.
  return transit ? [crossing, askOne(one, acl, "nacl_in", endpoints.local)] : [crossing];
}

function askOne(one: PacketAt, acl: NetworkAcl, layer: Layer, peer: Endpoints["remote"]): LayerAnswer {
  const { endpoints, direction } = one;
  const port = direction === "ingress" ? endpoints.localPort : endpoints.remotePort;
  const aclDirection: Direction = layer === "nacl_in" ? "ingress" : "egress";
  const question = { protocol: endpoints.protocol, port, peer };
  const answer = askNetworkAcl(acl, aclDirection, question);
  const decides = answer.ruleId ?? answer.traces.at(-1)?.ruleId ?? "no entry";
  const because = {
    allow: `${decides} lets it pass`,
    deny: `${decides} denies it`,
    undecided: `entries that decide otherwise may match ${formatAddress(peer)} before ${decides}`,
  }[answer.answer];
  const trace = { layer, decision: answer.answer, because, owners: [acl.id], rules: answer.traces };
  const { protocol } = endpoints;
  const passing = (): PassingPorts => ({
    aclId: acl.id,
    protocol: protocol!,
    peer,
    port,
    ports: passingPorts(acl, aclDirection, { protocol: protocol!, peer }),
  });
  const ported = protocol !== null && hasPorts(protocol);
  return { layer, answer, doubt: answer.doubt, trace, passing: ported ? passing : null };
}

/** What a network ACL says of a packet in a direction. */
export interface AclAnswer {
  readonly answer: "allow" | "deny" | "undecided";
  /** The entry that decided; null when an earlier one may match, or none matches. */
  readonly ruleId: string | null;
  readonly doubt: MatchDoubt | null;
  /** For ICMP that met entries for certain types: the answer for an echo request and for an echo reply. */
  readonly echo: { readonly request: EchoDecision; readonly reply: EchoDecision } | null;
  readonly traces: readonly RuleTrace[];
}

interface EchoDecision {
  readonly allow: boolean;
  readonly ruleId: string | null;
}

/** Asks the entries in ascending order: the first that matches decides (VPC User Guide, "Network ACL rules"). */
export function askNetworkAcl(acl: NetworkAcl, direction: Direction, asked: Question): AclAnswer {
  const entries = acl.entries
    .filter((entry) => entry.direction === direction)
    .sort((one, other) => one.number - other.number);
  const traces: RuleTrace[] = [];
  const maybe = new Set<"allow" | "deny">();
  let doubt: MatchDoubt | null = null;
  let decider: { readonly id: string; readonly action: "allow" | "deny" } | null = null;
  for (const entry of entries) {
    const match = matchEntry(entry, asked);
    traces.push(match.trace);
    if (match.matches === "no") continue;
    if (match.matches === "yes") {
      decider = entry;
      break;
    }
    maybe.add(entry.action);
    doubt ??= match.doubt;
  }
  // Entries before the decider that may match leave the answer open if they decide otherwise.
  const last = decider?.action ?? "deny";
  const open = maybe.has(last === "allow" ? "deny" : "allow");
  const typed = maybe.size > 0 && asked.protocol !== null && isIcmp(asked.protocol) && asked.icmpType === undefined;
  return {
    answer: open ? "undecided" : last,
    ruleId: maybe.size > 0 ? null : (decider?.id ?? null),
    doubt,
    echo: typed ? echo(acl, direction, asked) : null,
    traces,
  };
}

/** The destination ports of TCP or UDP that the entries let pass with a peer. */
function passingPorts(
  acl: NetworkAcl,
  direction: Direction,
  asked: { readonly protocol: number; readonly peer: Address },
): PortRange[] {
  const cuts = new Set([0]);
  for (const { ports } of acl.entries) if (ports) cuts.add(ports.from).add(ports.to + 1);
  const starts = [...cuts].filter((port) => port <= MAX_PORT).sort((one, other) => one - other);
  const ranges: { from: number; to: number }[] = [];
  starts.forEach((from, at) => {
    if (askNetworkAcl(acl, direction, { ...asked, port: from }).answer !== "allow") return;
    const to = (starts[at + 1] ?? MAX_PORT + 1) - 1;
    const last = ranges.at(-1);
    if (last && last.to + 1 === from) last.to = to;
    else ranges.push({ from, to });
  });
  return ranges;
}

function echo(acl: NetworkAcl, direction: Direction, asked: Question): AclAnswer["echo"] {
  const [request, reply] = asked.protocol === ICMP ? [8, 0] : [128, 129];
  const answer = (icmpType: number): EchoDecision => {
    const { answer: said, ruleId } = askNetworkAcl(acl, direction, { ...asked, icmpType });
    return { allow: said === "allow", ruleId };
  };
  return { request: answer(request), reply: answer(reply) };
}
