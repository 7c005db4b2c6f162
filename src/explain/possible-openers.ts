import { hasPorts } from "../net/protocols.ts";
import type { Initiator, InitiatorEvidence } from "../judgement.ts";
import type { Configuration, Connection } from "./connection-tracker.ts";
import type { GroupsAnswer } from "./security-groups.ts";
import { askOpening, askOpeningMatch } from "./initiators.ts";

/**
 * Who may have opened a connection. `one`: the initiator that is named. `likelier`: either end, the named one rather than the
 * other. `either`: nothing tells.
 */
export type PossibleOpeners = "one" | "likelier" | "either";

/** AWS let the connection pass, so an end whose opening the groups refuse did not open it. */
export function possibleOpeners(connection: Connection): PossibleOpeners {
  if (isSure(connection)) return "one";
  const refused = (["local", "remote"] as const).some(
    (opener) => askOpeningMatch(connection, opener, [])?.answer === "deny",
  );
  if (refused) return "one";
  // Without ports no evidence says which way the first packet went.
  const ported = connection.protocol !== null && hasPorts(connection.protocol);
  return ported && connection.initiator !== "unknown" ? "likelier" : "either";
}

const SURE: readonly InitiatorEvidence[] = ["tcp_flags", "service_port"];

function isSure({ evidence, localPort, remotePort }: Connection): boolean {
  return SURE.includes(evidence) || (evidence === "many_clients" && localPort !== remotePort);
}

/** Ids of group rules that admit a record for certain, and of those that may. */
export interface AdmittingRules {
  readonly certain: readonly string[];
  readonly possible: readonly string[];
}

/**
 * The rules that admit a record. `answer` is what the groups say for `initiator` under the configuration `under[at]`. If the
 * other end may have opened the connection, what they say for it is possible, too.
 */
export function admittingRules(
  answer: GroupsAnswer | null,
  initiator: Initiator,
  openers: PossibleOpeners,
  connection: Connection | null,
  under: readonly Configuration[],
  at: number,
): AdmittingRules {
  if (answer === null || connection === null || openers === "one") {
    return { certain: answer?.rules ?? [], possible: answer?.possible ?? [] };
  }
  const answers =
    initiator === "unknown"
      ? (["local", "remote"] as const).map((opener) => askOpening(under[at], connection, opener))
      : [answer, answerForOther(connection, initiator, under, at)];
  const certain = openers === "likelier" ? answer.rules : [];
  const all = answers.flatMap((one) => (one === null ? [] : [...one.rules, ...one.possible]));
  return { certain, possible: [...new Set(all)].filter((id) => !certain.includes(id)) };
}

function answerForOther(
  connection: Connection,
  initiator: "local" | "remote",
  under: readonly Configuration[],
  at: number,
): GroupsAnswer | null {
  const other = initiator === "local" ? "remote" : "local";
  return askOpeningMatch(connection, other, under) ?? askOpening(under[at], connection, other);
}
