import { type FlowBatch, HAS_TCP_FLAGS } from "../../decode/flow-batch.ts";
import { IPV4, IPV6, type Prefix, prefixContains } from "../../net/address.ts";
import { TCP } from "../../net/protocols.ts";
import {
  ANSWER_DROPPED,
  familyOf,
  FIN,
  FLAGS,
  FLAGS_KNOWN,
  initiatorOf,
  LOCAL_OPENED,
  protocolOf,
  REMOTE,
  RST,
  STATE,
  SYN,
  SYN_ACK,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
  totalBytes,
} from "../conntrack/entry-layout.ts";
import type { AddressPool } from "../dense/address-pool.ts";

/** Whether the entry at `base` is real use of the rules that admitted it, more than a port scan or a refused attempt. */
export type RealUseTest = (words: Uint32Array, base: number) => boolean;

/** Bytes of a TCP packet without options, which is how long a RST is: IPv4, and IPv6. */
const bareBytes = (family: number): number => (family === IPV6 ? 60 : 40);

/**
 * The test of real use. Any protocol: an answer that the network ACL dropped is an answer. TCP: three packets each way and
 * more bytes than bare headers (52 bytes a packet with options, and a little); between inside addresses any answered
 * connection that was not reset, because a health check takes four packets there and two back. Other protocols: an answer.
 * `insideBlocks`: every address block whose addresses are inside; `addresses` holds the words of IPv6 peers.
 */
export function createRealUseTest(insideBlocks: readonly Prefix[], addresses: AddressPool): RealUseTest {
  const isInside = (words: Uint32Array, base: number): boolean => {
    const family = familyOf(words, base);
    return insideBlocks.some((block) => {
      if (block.family !== family) return false;
      if (family === IPV4) return prefixContains(block, words, base + REMOTE);
      return prefixContains(block, addresses.words, words[base + REMOTE] * 4);
    });
  };
  return (words, base) => {
    const totals = words[base + TOTAL_PACKETS];
    const local = initiatorOf(words, base) === LOCAL_OPENED;
    const there = local ? totals & 0xffff : totals >>> 16;
    const back = local ? totals >>> 16 : totals & 0xffff;
    if (there === 0) return false;
    if ((words[base + FLAGS] & ANSWER_DROPPED) !== 0) return true;
    if (back === 0) return false;
    if (protocolOf(words, base) !== TCP) return true;
    if (there >= 3 && back >= 3 && totalBytes(words, base) > 60 * (there + back) + 40) return true;
    return isCompleted(words, base, local, there, back) && isInside(words, base);
  };
}

/** Both ends opened the TCP connection and neither reset it. Records without flags show it by packets and their length. */
function isCompleted(words: Uint32Array, base: number, local: boolean, there: number, back: number): boolean {
  if ((words[base + STATE] & FLAGS_KNOWN) === 0) {
    const bytesBack = words[base + (local ? TOTAL_BYTES_IN : TOTAL_BYTES_OUT)];
    return there >= 3 && back >= 2 && bytesBack > bareBytes(familyOf(words, base)) * back;
  }
  const [out, inward] = [words[base + FLAGS] & 0xff, (words[base + FLAGS] >>> 8) & 0xff];
  const [asked, answered] = local ? [out, inward] : [inward, out];
  if (((asked | answered) & RST) !== 0 || (asked & SYN) === 0) return false;
  if ((answered & SYN_ACK) !== SYN_ACK && (answered & FIN) === 0) return false;
  return ((asked | answered) & FIN) !== 0 || (there >= 3 && back >= 2);
}

/** The row, sent by the end that did not open, is an answer and not a refusal: TCP answers a closed port with a bare RST. */
export function isAnswer(batch: FlowBatch, row: number, family: number): boolean {
  if (batch.protocol[row] !== TCP) return true;
  if ((batch.bits[row] & HAS_TCP_FLAGS) === 0) return batch.bytes[row] > bareBytes(family) * batch.packets[row];
  const flags = batch.tcpFlags[row];
  return (flags & RST) === 0 || (flags & (SYN | FIN)) !== 0;
}
