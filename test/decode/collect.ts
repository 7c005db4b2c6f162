import type { BadLine } from "../../src/decode/decoder.ts";
import { ByteDictionary } from "../../src/decode/dense/dictionary.ts";
import { FurtherSets } from "../../src/decode/dense/further-sets.ts";
import * as B from "../../src/decode/flow-batch.ts";
import { FURTHER_FIELDS, readFurther } from "../../src/decode/further-fields.ts";
import { decodeObject } from "../../src/decode/object.ts";
import { createTextDecoder } from "../../src/decode/text.ts";
import { formatIpv4, formatIpv6, IPV4 } from "../../src/net/address.ts";

/** A decoded record in plain words; what the record does not carry is null. */
export interface Row {
  readonly line: number;
  readonly interfaceId: string;
  readonly accountId: string;
  readonly src: string | null;
  readonly dst: string | null;
  readonly pktSrc: string | null;
  readonly pktDst: string | null;
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly protocol: number | null;
  readonly packets: number | null;
  readonly bytes: number | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly tcpFlags: number | null;
  readonly action: string | null;
  readonly status: string;
  readonly direction: string | null;
  readonly rejectReason: string | null;
  /** The further fields that have a value. */
  readonly further: Readonly<Record<string, string>>;
}

// Memory of batches that were looked at: filling new memory takes most of the time of a small test.
const spare: ArrayBuffer[] = [];

/** A sink that keeps everything. Batches start full of rubbish, as recycled ones do. */
export function collect() {
  const interfaces = new ByteDictionary();
  const accounts = new ByteDictionary();
  const further = new FurtherSets();
  const batches: B.FlowBatch[] = [];
  const bad: BadLine[] = [];
  const notes: string[] = [];
  return {
    interfaces,
    accounts,
    further,
    batches,
    bad,
    notes,
    sink: {
      allocate: () => {
        const buffer = spare.pop();
        const batch = new B.FlowBatch(buffer);
        if (buffer === undefined) new Uint8Array(batch.buffer).fill(0xa5);
        return batch;
      },
      batch: (batch: B.FlowBatch) => void batches.push(batch),
      badLine: (line: BadLine) => void bad.push(line),
      note: (text: string) => void notes.push(text),
    },
    /** The rows of all batches, whose memory may be used again afterwards. */
    rows: (): Row[] => {
      const rows = batches.flatMap((batch) => rowsOf(batch, interfaces, accounts, further));
      spare.push(...batches.splice(0).map((batch) => batch.buffer));
      return rows;
    },
  };
}

function rowsOf(batch: B.FlowBatch, interfaces: ByteDictionary, accounts: ByteDictionary, further: FurtherSets): Row[] {
  return Array.from({ length: batch.rows }, (_, row) => {
    const bits = batch.bits[row];
    const when = <T>(mask: number, value: T): T | null => ((bits & mask) === 0 ? null : value);
    const address = (shift: number, value: number): string | null => {
      const family = (bits >>> shift) & 3;
      if (family === 0) return null;
      const words = batch.addr6.subarray(value, value + 4);
      return family === IPV4 ? formatIpv4(value) : formatIpv6(words[0], words[1], words[2], words[3]);
    };
    return {
      line: batch.line[row],
      interfaceId: interfaces.strings[batch.interfaceId[row]],
      accountId: accounts.strings[batch.accountId[row]],
      src: address(B.FAMILY_SHIFT, batch.src[row]),
      dst: address(B.FAMILY_SHIFT, batch.dst[row]),
      pktSrc: address(B.PKT_FAMILY_SHIFT, batch.pktSrc[row]),
      pktDst: address(B.PKT_FAMILY_SHIFT, batch.pktDst[row]),
      srcPort: when(B.HAS_PORTS, batch.srcPort[row]),
      dstPort: when(B.HAS_PORTS, batch.dstPort[row]),
      protocol: when(B.HAS_PROTOCOL, batch.protocol[row]),
      packets: when(B.HAS_PACKETS, batch.packets[row]),
      bytes: when(B.HAS_BYTES, batch.bytes[row]),
      start: when(B.HAS_TIMES, batch.start[row]),
      end: when(B.HAS_TIMES, batch.end[row]),
      tcpFlags: when(B.HAS_TCP_FLAGS, batch.tcpFlags[row]),
      action: [null, "ACCEPT", "REJECT"][bits & B.ACTION_MASK],
      status: ["OK", "NODATA", "SKIPDATA"][(bits >>> B.STATUS_SHIFT) & 3],
      direction: [null, "ingress", "egress"][(bits >>> B.DIRECTION_SHIFT) & 3],
      further: Object.fromEntries(
        readFurther(further.sets.strings[batch.further[row]]).flatMap((value, at) =>
          value === null ? [] : [[FURTHER_FIELDS[at], value]],
        ),
      ),
      rejectReason: [null, "BPA", "EC", "other"][(bits >>> B.REJECT_REASON_SHIFT) & 3],
    };
  });
}

/** Decodes text cut after the given positions. */
export function decodeText(text: string | Uint8Array, fields?: readonly string[], cuts: readonly number[] = []) {
  const collected = collect();
  const decoder = createTextDecoder({ ...collected, fields });
  const bytes = Buffer.from(text);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    // A copy, because a source may reuse its buffer.
    const chunk = Uint8Array.prototype.slice.call(bytes, from, cut);
    decoder.push(chunk);
    chunk.fill(0xff);
    from = cut;
  }
  decoder.finish();
  const sizes = collected.batches.map((batch) => batch.rows);
  return { rows: collected.rows(), sizes, bad: collected.bad, decoder };
}

/** Decodes an object of any format, in chunks of one size. */
export async function decodeBytes(content: string | Uint8Array, fields?: readonly string[], size = 1 << 20) {
  const { rows, bad } = await decodeWithNotes(content, fields, size);
  return { rows, bad };
}

/** The same, with what the user is told about the object. */
export async function decodeWithNotes(content: string | Uint8Array, fields?: readonly string[], size = 1 << 20) {
  const collected = collect();
  const bytes = Buffer.from(content);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < bytes.length; from += size) {
      const chunk = Uint8Array.prototype.slice.call(bytes, from, from + size);
      yield chunk;
      chunk.fill(0xff);
    }
  }
  await decodeObject(chunks(), { ...collected, fields });
  return { rows: collected.rows(), bad: collected.bad, notes: collected.notes };
}
