import type { Initiator, InitiatorEvidence } from "../judgement.ts";
import type { Direction, Model } from "../model/model.ts";
import { formatAddress } from "../net/address.ts";
import { hasPorts, portRank, TCP } from "../net/protocols.ts";
import type { Connection, Configuration } from "./connection-tracker.ts";
import { unfilteredPeer } from "./endpoints.ts";
import { isUnknownInterface } from "./place.ts";
import { askGroups, type GroupsAnswer } from "./security-groups.ts";

/** Bits of TCP flags. */
export const SYN = 2;
export const SYN_ACK = 18;

/** Who opened, by the flags of one direction: a SYN comes from the side that opens, a SYN-ACK from the side that answers. */
export function openedByFlags(flags: number, direction: Direction): Initiator {
  if ((flags & SYN_ACK) === SYN) return direction === "egress" ? "local" : "remote";
  if ((flags & SYN_ACK) === SYN_ACK) return direction === "egress" ? "remote" : "local";
  return "unknown";
}

/** How much a port looks like a server's; ports that a rule of the model names by themselves look more like one. */
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
 * Decides who opened each connection that new records belong to, by the best evidence there is: TCP flags, an earlier
 * decision, a server's port against a client's. For the others: many connections that meet at one endpoint, the only
 * direction in the log, the direction that began earlier, a port that looks more like a server's, the policy at this end or
 * at the other, the lower port. Evidence that does not depend on the policy comes first, because a rule that is missing
 * from the model must not turn a server into a client.
 */
export function decideInitiators(updated: readonly Connection[], ranks: PortRanks): void {
  const ambiguous: Connection[] = [];
  for (const connection of updated) {
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
  const fanIn = countFanIn(updated, ambiguous);
  for (const connection of ambiguous) settle(connection, ...decideAmbiguous(connection, fanIn, ranks));
}

type Decided = readonly [Initiator, InitiatorEvidence, string];

function settle(connection: Connection, initiator: Initiator, evidence: InitiatorEvidence, because: string): void {
  Object.assign(connection, { initiator, evidence, because });
}

/** Both ends answered a SYN, so both opened (RFC 9293, section 3.5): flags do not tell which of them was let in. */
export function bothAnswered({ flagsOut, flagsIn }: Connection): boolean {
  return (flagsOut & flagsIn & SYN_ACK) === SYN_ACK;
}

/** A lone SYN is better evidence than a SYN-ACK, which may answer a spoofed SYN. */
function initiatorByFlags(connection: Connection): Initiator {
  if (bothAnswered(connection)) return "unknown";
  const { flagsOut, flagsIn } = connection;
  const out = openedByFlags(flagsOut, "egress");
  const inward = openedByFlags(flagsIn, "ingress");
  if (out === "local") return out;
  return inward === "remote" || out === "unknown" ? inward : out;
}

function decideAmbiguous(connection: Connection, fanIn: FanInCounts, ranks: PortRanks): Decided {
  const { firstOut, firstIn } = connection;
  const [local, remote] = [connection.localPort ?? 0, connection.remotePort ?? 0];
  if (local !== 0 || remote !== 0) {
    const here = fanIn.atLocalEnd.get(localEnd(connection))!;
    const there = fanIn.atRemoteEnd.get(remoteEnd(connection))!;
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
  const there = policyAtOtherEnd(connection, fanIn);
  if (there !== "unknown") return [there, "policy", "the rules at the other end's interface speak for it"];
  if (local === remote) return ["unknown", "none", "nothing tells the two ends apart"];
  const opener = local < remote ? "remote" : "local";
  return [opener, "lower_port", `the lower port, ${Math.min(local, remote)}, is taken for the server's`];
}

/** What the policy says at the other end's interface, when the log has the connection as seen from there, too. */
function policyAtOtherEnd(connection: Connection, fanIn: FanInCounts): Initiator {
  const mirrored = fanIn.byEnds.get(bothEnds(connection, "remote", "local"));
  const said = mirrored ? policyInitiator(mirrored) : "unknown";
  return said === "unknown" ? said : said === "local" ? "remote" : "local";
}

/** How many connections meet at each endpoint, and the undecided connections by their endpoints. */
interface FanInCounts {
  readonly atLocalEnd: ReadonlyMap<string, number>;
  readonly atRemoteEnd: ReadonlyMap<string, number>;
  readonly byEnds: ReadonlyMap<string, Connection>;
}

function countFanIn(connections: readonly Connection[], undecided: readonly Connection[]): FanInCounts {
  // A connection whose client is known counts at its server's end only.
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
    byEnds: new Map(undecided.map((one) => [bothEnds(one, "local", "remote"), one])),
  };
}

/** The interface and a port: connections to all addresses of the interface meet there. */
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
  // If neither is a known server's port, the one that looks more like it may still be a client's choice.
  const known = protocol !== null && ranks(protocol, server ?? 0) > 1;
  return [gap > 0 ? "remote" : "local", known ? "service_port" : "likelier_port", because];
}

export function sideName(initiator: Initiator): string {
  return initiator === "local" ? "interface" : initiator === "remote" ? "peer" : "nobody";
}

/** What a security group sees of a connection's endpoints. */
export type Endpoints = Pick<Connection, "remote" | "localPort" | "remotePort" | "protocol">;

/**
 * What the groups say of a connection that `opener` opened, under one configuration. A rule's port is the destination port
 * of the packet that opens the connection. Null when the layer does not apply: no groups, or a peer that is never filtered.
 */
export function askOpening(
  configuration: Configuration,
  endpoints: Endpoints,
  opener: "local" | "remote",
): GroupsAnswer | null {
  const { snapshot, networkInterface } = configuration;
  if (networkInterface.groupIds.length === 0 && !isUnknownInterface(networkInterface)) return null;
  if (unfilteredPeer(snapshot, networkInterface, endpoints.remote) !== null) return null;
  const [direction, port] =
    opener === "local" ? (["egress", endpoints.remotePort] as const) : (["ingress", endpoints.localPort] as const);
  return askGroups(snapshot, networkInterface, direction, {
    protocol: endpoints.protocol,
    port,
    peer: endpoints.remote,
  });
}

/**
 * What the groups said when the connection was opened. If that was near a change, the configuration that let it in counts.
 * Null when the record at hand, judged under `under`, is near the same change, because the change then explains it.
 */
export function askOpeningMatch(
  connection: Connection,
  opener: Initiator,
  under: readonly Configuration[],
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
 * The initiator that the policy expects: the only one that it lets pass, or the one for which a rule names the protocol when
 * the other falls under a rule for all traffic only.
 */
function policyInitiator(connection: Connection): Initiator {
  const configuration = connection.opened.under[0];
  const weight = (opener: "local" | "remote"): number => {
    const answer = askOpening(configuration, connection, opener);
    if (answer === null || answer.answer === "deny") return 0;
    return answer.named ? 2 : 1;
  };
  const difference = weight("local") - weight("remote");
  return difference === 0 ? "unknown" : difference > 0 ? "local" : "remote";
}
