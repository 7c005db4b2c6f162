import { HAS_TCP_FLAGS, type FlowBatch } from "../decode/flow-batch.ts";
import { TCP, UDP } from "../policy/compile/services.ts";
import { FIRST_IN, FIRST_OUT, KIND, NEVER } from "./connections.ts";
import { type InitiatorRules, SYN } from "./initiator.ts";
import { NOT_ASKED, type Reading, type ReadingTable } from "./reading.ts";
import { isStray } from "./usage.ts";

/** The source port is a server's and the destination port a client's: the packet answers one that is not in the log. */
export function serverAnswers(batch: FlowBatch, row: number, rules: InitiatorRules): boolean {
  const ranks = batch.protocol[row] === TCP ? rules.rankTcp : batch.protocol[row] === UDP ? rules.rankUdp : null;
  return ranks !== null && ranks[batch.srcPort[row]] - ranks[batch.dstPort[row]] >= 2;
}

/** A TCP record that shows its flags, and no SYN among them. */
export function isBare(batch: FlowBatch, row: number): boolean {
  return batch.protocol[row] === TCP && (batch.bits[row] & HAS_TCP_FLAGS) !== 0 && (batch.tcpFlags[row] & SYN) === 0;
}

/**
 * A rejected RST that answers a bare packet of no connection: the connection has no SYN in the log (or, without flags, no
 * packet as long as one), nothing was ever answered, and this is one short packet.
 */
export function isStrayAnswer(
  batch: FlowBatch,
  row: number,
  words: Uint32Array,
  base: number,
  egress: boolean,
): boolean {
  if ((words[base + KIND] & 0xff) !== TCP || batch.packets[row] !== 1) return false;
  if (words[base + (egress ? FIRST_OUT : FIRST_IN)] !== NEVER) return false;
  return isStray(words, base);
}

/** The groups let nothing like the record pass, whoever of the two began, under a configuration that may have decided it. */
export function deniedByGroups({ readings, matches }: ReadingTable, reading: number): boolean {
  const denied = ({ sgIfLocal, sgIfRemote }: Reading): boolean =>
    sgIfLocal !== NOT_ASKED && (matches[sgIfLocal].answer === "deny" || matches[sgIfRemote].answer === "deny");
  return denied(readings[reading]) || readings[reading].others.some((other) => denied(readings[other]));
}
