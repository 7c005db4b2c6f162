import { EVIDENCE } from "../../judgement.ts";
import {
  evidenceOf,
  initiatorOf,
  LOCAL_OPENED,
  localPortOf,
  OPENED_BY,
  REMOTE_OPENED,
  remotePortOf,
} from "../conntrack/entry-layout.ts";
import { type LookupColumns, sideOf } from "../lookup/lookup-columns.ts";

/** Flag of `possibleOpeners`: the other end may have opened the connection, too. */
export const BOTH_POSSIBLE = 4;

/** 1 for the codes of evidence that leaves no doubt about the opener. */
const SURE_EVIDENCE = Uint8Array.from(EVIDENCE, (name) =>
  ["tcp_flags", "service_port", "many_clients"].includes(name) ? 1 : 0,
);
const MANY_CLIENTS = EVIDENCE.indexOf("many_clients");

/**
 * Who may have opened a connection. AWS let it pass, so an end whose opening the groups refuse did not open it. The result
 * is the only possible opener; or the more likely one (UNKNOWN if neither is) with BOTH_POSSIBLE. If the groups refuse both,
 * the model does not explain the connection, and the initiator that was decided stands.
 */
export function possibleOpeners(words: Uint32Array, base: number, { refuses }: LookupColumns): number {
  const opened = initiatorOf(words, base);
  if (isSure(words, base)) return opened;
  const lookup = words[base + OPENED_BY] - 1;
  const local = refuses[sideOf(lookup, LOCAL_OPENED)] === 0;
  const remote = refuses[sideOf(lookup, REMOTE_OPENED)] === 0;
  if (local && remote) return opened | BOTH_POSSIBLE;
  return local ? LOCAL_OPENED : remote ? REMOTE_OPENED : opened;
}

/** Where many connections meet is no evidence if both ends use the same port. */
function isSure(words: Uint32Array, base: number): boolean {
  const evidence = evidenceOf(words, base);
  if (SURE_EVIDENCE[evidence] === 0) return false;
  return evidence !== MANY_CLIENTS || localPortOf(words, base) !== remotePortOf(words, base);
}
