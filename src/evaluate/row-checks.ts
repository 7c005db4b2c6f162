import { IPV6 } from "../net/address.ts";
import { HAS_TCP_FLAGS, type FlowBatch } from "../decode/flow-batch.ts";
import { TCP, UDP } from "../policy/compile/services.ts";
import {
  FIRST_IN,
  FIRST_OUT,
  KIND,
  NEVER,
  STATE,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  FLAGS_KNOWN,
} from "./connection-words.ts";
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
 * packet as long as one), nothing was ever answered, and this is one packet. Without flags a RST is known by its length;
 * where the network ACL may be what stopped it, what it answers must be as short, or it may have been a SYN.
 */
export function isStrayAnswer(
  batch: FlowBatch,
  row: number,
  words: Uint32Array,
  base: number,
  egress: boolean,
  aclDenies: boolean,
): boolean {
  if ((words[base + KIND] & 0xff) !== TCP || batch.packets[row] !== 1) return false;
  if (words[base + (egress ? FIRST_OUT : FIRST_IN)] !== NEVER) return false;
  if (!isStray(words, base)) return false;
  if (words[base + STATE] & FLAGS_KNOWN) return true;
  const bare = words[base + KIND] >>> 8 === IPV6 ? 60 : 40;
  return (
    batch.bytes[row] <= bare && (!aclDenies || words[base + TOTAL_BYTES_OUT] + words[base + TOTAL_BYTES_IN] <= bare)
  );
}

/**
 * An ICMP record with packets as long as `ping` sends them unless it is told otherwise (84 bytes on Linux, 60 on Windows,
 * 20 more over IPv6): hardly errors, which are as long as what they quote.
 */
export function isAsLongAsPings(bytes: number, packets: number, ipv6: boolean): boolean {
  const each = bytes / packets - (ipv6 ? 20 : 0);
  return each === 84 || each === 60;
}

/** The groups let nothing like the record pass, whoever of the two began, under a configuration that may have decided it. */
export function deniedByGroups({ readings, matches }: ReadingTable, reading: number): boolean {
  const denied = ({ sgIfLocal, sgIfRemote }: Reading): boolean =>
    sgIfLocal !== NOT_ASKED && (matches[sgIfLocal].answer === "deny" || matches[sgIfRemote].answer === "deny");
  return denied(readings[reading]) || readings[reading].others.some((other) => denied(readings[other]));
}
