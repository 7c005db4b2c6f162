import type { Initiator } from "../judgement.ts";
import { askGroups, type GroupsAnswer } from "./ask-groups.ts";
import type { Connection, Opening } from "./memory.ts";
import { unfilteredPeer } from "./place.ts";

/** The ends of a connection, as far as a security group looks at them. */
export type Ends = Pick<Connection, "remote" | "localPort" | "remotePort" | "protocol">;

/**
 * What the groups say of a connection that `opener` began, under one configuration. A rule's port is the destination port
 * of the packet that opens the connection. Null where the layer does not apply: no groups, or traffic nobody filters.
 */
export function askOpening(opening: Opening, ends: Ends, opener: "local" | "remote"): GroupsAnswer | null {
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
export function policyInitiator(connection: Connection): Initiator {
  const opening = connection.opened.under[0];
  const weight = (opener: "local" | "remote"): number => {
    const answer = askOpening(opening, connection, opener);
    if (answer === null || answer.answer === "deny") return 0;
    return answer.named ? 2 : 1;
  };
  const difference = weight("local") - weight("remote");
  return difference === 0 ? "unknown" : difference > 0 ? "local" : "remote";
}
