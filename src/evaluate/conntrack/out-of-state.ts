import { type FlowBatch, HAS_TCP_FLAGS } from "../../decode/flow-batch.ts";
import { IPV6 } from "../../net/address.ts";
import { TCP } from "../../net/protocols.ts";
import {
  familyOf,
  FIRST_IN,
  FIRST_OUT,
  FLAGS_KNOWN,
  NEVER,
  protocolOf,
  STATE,
  SYN,
  SYN_SEEN,
  TOTAL_PACKETS,
  totalBytes,
} from "./entry-layout.ts";

// TCP packets that belong to no connection. A firewall with connection tracking judges them by the rules alone and
// remembers nothing.

/** Bytes of a TCP packet with time stamps and nothing else over IPv4. IPv6 adds 20. */
const WITHOUT_DATA = 52;
const MORE_IN_IPV6 = 20;
/** Bytes of a TCP packet without any option. */
const WITHOUT_OPTIONS = 40;

/**
 * The entry stands for a TCP packet that opened nothing: one packet one way, without SYN. If the records carry no flags,
 * the packet is as long as one without data. 44 or 48 bytes have the options that only a SYN has (maximum segment size,
 * selective acknowledgement).
 */
export function isOutOfState(words: Uint32Array, base: number): boolean {
  if (protocolOf(words, base) !== TCP) return false;
  const packets = words[base + TOTAL_PACKETS];
  if ((packets & 0xffff) + (packets >>> 16) !== 1) return false;
  if (words[base + STATE] & FLAGS_KNOWN) return (words[base + STATE] & SYN_SEEN) === 0;
  const bytes = totalBytes(words, base) - (familyOf(words, base) === IPV6 ? MORE_IN_IPV6 : 0);
  return bytes <= WITHOUT_DATA && bytes !== 44 && bytes !== 48;
}

/**
 * A rejected row is the RST that answers the out-of-state packet of the entry: one packet, and nothing else was ever sent
 * back. Without flags a RST is recognised by its length. Where the network ACL may be what stopped it (`aclDenies`), the
 * packet that it answers must be as short, or it may have been a SYN.
 */
export function isOutOfStateReset(
  batch: FlowBatch,
  row: number,
  words: Uint32Array,
  base: number,
  egress: boolean,
  aclDenies: boolean,
): boolean {
  if (protocolOf(words, base) !== TCP || batch.packets[row] !== 1) return false;
  if (words[base + (egress ? FIRST_OUT : FIRST_IN)] !== NEVER) return false;
  if (!isOutOfState(words, base)) return false;
  if (words[base + STATE] & FLAGS_KNOWN) return true;
  const bareHeader = WITHOUT_OPTIONS + (familyOf(words, base) === IPV6 ? MORE_IN_IPV6 : 0);
  return batch.bytes[row] <= bareHeader && (!aclDenies || totalBytes(words, base) <= bareHeader);
}

/** A TCP record that carries its flags, and no SYN among them. */
export function isWithoutSyn(batch: FlowBatch, row: number): boolean {
  return batch.protocol[row] === TCP && (batch.bits[row] & HAS_TCP_FLAGS) !== 0 && (batch.tcpFlags[row] & SYN) === 0;
}
