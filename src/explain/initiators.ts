import type { Initiator, InitiatorEvidence } from "../judgement.ts";
import type { Direction, Model } from "../model/model.ts";
import { formatAddress } from "../net/address.ts";
import { hasPorts, portRank, TCP } from "../net/protocols.ts";
import type { Connection, Opening } from "./connection-tracker.ts";
import { unfilteredPeer } from "./endpoints.ts";
import { askGroups, type GroupsAnswer } from "./groups.ts";

const SYN = 2;
const SYN_ACK = 18;

/** Who opened, by the flags of one direction: SYN without ACK comes from the opener, SYN-ACK from the one who answers. */
export function openedByFlags(flags: number, direction: Direction): Initiator {
  if ((flags & SYN_ACK) === SYN) return direction === "egress" ? "local" : "remote";
  if ((flags & SYN_ACK) === SYN_ACK) return direction === "egress" ? "remote" : "local";
  return "unknown";
}

/** How much each port looks like a server's, with the ports that the rules of the model name one by one. */
export type PortRanks = (protocol: number, port: number) => number;

export function portRanks(model: Model): PortRanks {
  const named = new Set<string>();
  for (const snapshot of model.snapshots) {
    for (const one of snapshot.interfaces.values()) {
      const acls = [...snapshot.networkAcls.values()].filter((acl) => acl.subnetIds.includes(one.subnetId ?? ""));
      const rules = one.groupIds.flatMap((id) => snapshot.securityGroups.get(id)?.rules ?? []);
      for (const rule of [...rules, ...acls.flatMap((acl) => acl.entries)]) {
        if (rule.ports && rule.ports.from === rule.ports.to) named.add(`${rule.protocol}/${rule.ports.from}`);
      }
    }
  }
  return (protocol, port) => portRank(port, named.has(`${protocol}/${port}`));
}

/**
 * Decides who opened each connection that new records belong to. Best evidence first: TCP flags, an earlier decision, a
 * server's port against a client's; then, for those still open, many connections that meet at one end, the only direction
 * that was heard, the direction that began earlier, a port that looks more like a server's, the policy here or at the other
 * end, the lower port. Evidence that does not depend on the policy comes first: a rule that is missing from the model must
 * not turn a server into a client.
 */
export function decideInitiators(touched: readonly Connection[], ranks: PortRanks): void {
  const ambiguous: Connection[] = [];
  for (const connection of touched) {
    const byFlags = initiatorByFlags(connection);
    if (byFlags !== "unknown") {
      settle(connection, byFlags, "tcp_flags", `the SYN of the connection came from the ${sideName(byFlags)}`);
      continue;
    }
    if (connection.initiator !== "unknown") continue;
    const gap = rankGap(connection, ranks);
    if (Math.abs(gap) >= 2) settle(connection, ...byPorts(connection, gap, ranks));
    else ambiguous.push(connection);
  }
  const ends = countEnds(touched, ambiguous);
  for (const connection of ambiguous) settle(connection, ...decideAmbiguous(connection, ends, ranks));
}

type Decided = readonly [Initiator, InitiatorEvidence, string];

function settle(connection: Connection, initiator: Initiator, evidence: InitiatorEvidence, because: string): void {
  Object.assign(connection, { initiator, evidence, because });
}

/** Both ends answered a SYN: they opened at once (RFC 9293, section 3.5), and flags do not tell who was let in. */
export function bothAnswered({ flagsOut, flagsIn }: Connection): boolean {
  return (flagsOut & flagsIn & SYN_ACK) === SYN_ACK;
}

/** A lone SYN tells more than a SYN-ACK: the latter may be scattered back by a host that was spoofed. */
function initiatorByFlags(connection: Connection): Initiator {
  if (bothAnswered(connection)) return "unknown";
  const { flagsOut, flagsIn } = connection;
  const out = openedByFlags(flagsOut, "egress");
  const inward = openedByFlags(flagsIn, "ingress");
  if (out === "local") return out;
  return inward === "remote" || out === "unknown" ? inward : out;
}

function decideAmbiguous(connection: Connection, ends: EndpointFanIn, ranks: PortRanks): Decided {
  const { firstOut, firstIn } = connection;
  const [local, remote] = [connection.localPort ?? 0, connection.remotePort ?? 0];
  if (local !== 0 || remote !== 0) {
    const here = ends.atLocalEnd.get(localEnd(connection))!;
    const there = ends.atRemoteEnd.get(remoteEnd(connection))!;
    if (here >= 3 && here >= there * 2) {
      return ["remote", "many_clients", `${here} connections meet at port ${local} of the interface`];
    }
    if (there >= 3 && there >= here * 2) {
      const end = `${formatAddress(connection.remote)} port ${remote}`;
      return ["local", "many_clients", `${there} connections meet at ${end}`];
    }
  }
  const gap = rankGap(connection, ranks);
  if (firstOut === null || firstIn === null) {
    if (gap !== 0) return byPorts(connection, gap, ranks);
    const heard = firstIn === null ? "local" : "remote";
    return [heard, "only_direction", `only packets from the ${sideName(heard)} are in the log`];
  }
  if (firstOut !== firstIn) {
    const earlier = firstOut < firstIn ? "local" : "remote";
    return [
      earlier,
      "earlier_start",
      `packets from the ${sideName(earlier)} came ${Math.abs(firstOut - firstIn)} s earlier`,
    ];
  }
  if (gap !== 0) return byPorts(connection, gap, ranks);
  const here = policyInitiator(connection);
  if (here !== "unknown")
    return [here, "policy", `the rules were written for connections that the ${sideName(here)} opens`];
  const there = policyAtOtherEnd(connection, ends);
  if (there !== "unknown") return [there, "policy", "the rules at the other end's interface speak for it"];
  if (local === remote) return ["unknown", "none", "nothing tells the two ends apart"];
  const opener = local < remote ? "remote" : "local";
  return [opener, "lower_port", `the lower port, ${Math.min(local, remote)}, is taken for the server's`];
}

/** What the policy says at the other end's interface, where that end is logged too: the same connection seen from there. */
function policyAtOtherEnd(connection: Connection, ends: EndpointFanIn): Initiator {
  const mirrored = ends.byEnds.get(bothEnds(connection, "remote", "local"));
  const said = mirrored ? policyInitiator(mirrored) : "unknown";
  return said === "unknown" ? said : said === "local" ? "remote" : "local";
}

/** How many connections meet at each end, and which of the open ones are the same one seen from the other side. */
interface EndpointFanIn {
  readonly atLocalEnd: ReadonlyMap<string, number>;
  readonly atRemoteEnd: ReadonlyMap<string, number>;
  readonly byEnds: ReadonlyMap<string, Connection>;
}

function countEnds(connections: readonly Connection[], open: readonly Connection[]): EndpointFanIn {
  // One whose opener is told meets others at its server's end only.
  const tally = (endOf: (one: Connection) => string, client: Initiator): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const one of connections) {
      if (one.initiator !== client) counts.set(endOf(one), (counts.get(endOf(one)) ?? 0) + 1);
    }
    return counts;
  };
  return {
    atLocalEnd: tally(localEnd, "local"),
    atRemoteEnd: tally(remoteEnd, "remote"),
    byEnds: new Map(open.map((one) => [bothEnds(one, "local", "remote"), one])),
  };
}

/** An end of the interface's own: whatever its address, connections to a port of it meet there. */
function localEnd({ interfaceId, protocol, local, localPort }: Connection): string {
  return [interfaceId, protocol, local.family, localPort ?? 0].join("|");
}

function remoteEnd({ interfaceId, protocol, remote, remotePort }: Connection): string {
  return [interfaceId, protocol, formatAddress(remote), remotePort ?? 0].join("|");
}

function bothEnds(one: Connection, first: "local" | "remote", second: "local" | "remote"): string {
  const end = (side: "local" | "remote"): string => `${formatAddress(one[side])} ${one[`${side}Port`] ?? 0}`;
  return [one.protocol, end(first), end(second)].join("|");
}

/** Rank of the local port minus rank of the remote one; 0 for protocols without ports. */
function rankGap({ protocol, localPort, remotePort }: Connection, ranks: PortRanks): number {
  if (protocol === null || !hasPorts(protocol)) return 0;
  return ranks(protocol, localPort ?? 0) - ranks(protocol, remotePort ?? 0);
}

function byPorts({ protocol, localPort, remotePort }: Connection, gap: number, ranks: PortRanks): Decided {
  const [server, client] = gap > 0 ? [localPort, remotePort] : [remotePort, localPort];
  const name = protocol === TCP ? "tcp" : "udp";
  const because = `${name} port ${server ?? 0} looks more like a server's than ${client ?? 0}`;
  // Where neither port is a known server's, a client may well have chosen the one that looks more like one.
  const known = protocol !== null && ranks(protocol, server ?? 0) > 1;
  return [gap > 0 ? "remote" : "local", known ? "service_port" : "likelier_port", because];
}

export function sideName(initiator: Initiator): string {
  return initiator === "local" ? "interface" : initiator === "remote" ? "peer" : "nobody";
}

/** The ends of a connection, as far as a security group looks at them. */
export type Endpoints = Pick<Connection, "remote" | "localPort" | "remotePort" | "protocol">;

/**
 * What the groups say of a connection that `opener` began, under one configuration. A rule's port is the destination port
 * of the packet that opens the connection. Null where the layer does not apply: no groups, or traffic nobody filters.
 */
export function askOpening(opening: Opening, ends: Endpoints, opener: "local" | "remote"): GroupsAnswer | null {
  const { snapshot, networkInterface } = opening;
  if (networkInterface.groupIds.length === 0) return null;
  if (unfilteredPeer(snapshot, networkInterface, ends.remote) !== null) return null;
  const [direction, port] =
    opener === "local" ? (["egress", ends.remotePort] as const) : (["ingress", ends.localPort] as const);
  return askGroups(snapshot, networkInterface, direction, { protocol: ends.protocol, port, peer: ends.remote });
}

/**
 * What the groups said when the connection began; where that straddled a change, by the configuration that let it in. Null
 * where the record at hand, under `under`, straddles the same change, which then explains it.
 */
export function askAdmission(
  connection: Connection,
  opener: Initiator,
  under: readonly Opening[],
): GroupsAnswer | null {
  if (opener === "unknown") return null;
  const openings = connection.opened.under;
  const answers = openings.map((one) => askOpening(one, connection, opener));
  if (!answers[0]) return null;
  const at = answers.findIndex((answer) => answer?.answer === "allow");
  if (at > 0 && under.slice(1).some(({ snapshot }) => snapshot === openings[at].snapshot)) return null;
  return answers[Math.max(at, 0)];
}

/**
 * Whom the policy speaks for: the only initiator that it lets pass, or the one for whom a rule names the protocol where the
 * other merely falls under a rule for everything.
 */
function policyInitiator(connection: Connection): Initiator {
  const opening = connection.opened.under[0];
  const weight = (opener: "local" | "remote"): number => {
    const answer = askOpening(opening, connection, opener);
    if (answer === null || answer.answer === "deny") return 0;
    return answer.named ? 2 : 1;
  };
  const difference = weight("local") - weight("remote");
  return difference === 0 ? "unknown" : difference > 0 ? "local" : "remote";
}
