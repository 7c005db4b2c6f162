import { ACCOUNT, REGION } from "./policy.ts";
import { createRandom, idOf } from "./random.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { Topology } from "./topology.ts";
import type { End, Flow } from "./traffic.ts";
import type { Tally } from "./truth.ts";

const V2 =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const V5 = `${V2} vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id flow-direction traffic-path`;

/** Header line of a format. */
export const HEADERS = { v2: V2, v5: V5 };
export type Format = keyof typeof HEADERS;

/** Writes what a flow leaves in the log. Each method is true when the writer is full. */
export interface RecordEncoder {
  /**
   * The records of a flow in the minute from `from` on: at either interface, in either direction. A later part of a
   * long connection has the flags given.
   */
  minute(flow: Flow, from: number, clientFlags: number, serverFlags: number): boolean;
  noData(from: number): boolean;
}

export function createRecordEncoder(
  topology: Topology,
  format: Format,
  seed: number,
  output: RecordWriter,
  tally: Tally,
): RecordEncoder {
  const random = createRandom(seed);
  const v5 = format === "v5";
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const prefixes = topology.enis.map((eni) => encode(`${v5 ? 5 : 2} ${ACCOUNT} ${eni.id} `));
  const addresses = topology.enis.map((eni) => encode(eni.addressText));
  const places = topology.enis.map((eni) =>
    encode(` ${topology.vpcId} ${topology.subnets[eni.subnet].id} ${idOf(seed, "i", eni.index)} `),
  );
  const accept = encode(" ACCEPT OK");
  const reject = encode(" REJECT OK");
  const ipv4 = encode(" IPv4 ");
  const ipv6 = encode(" IPv6 ");
  const zone = encode(` ${REGION} euw1-az1 `);
  const egressInside = encode("egress 1");
  const egressOutside = encode("egress 8");
  const ingress = encode("ingress -");

  const address = (end: End): void => {
    if (end.address6 !== null) output.text(end.address6);
    else if (end.eni) output.raw(addresses[end.eni.index]);
    else output.quad(end.address);
  };
  const field = (value: number): void => {
    output.space();
    output.number(value);
  };

  return {
    minute(flow, from, clientFlags, serverFlags) {
      const { client, server, kind } = flow;
      const refused = kind === "probe" || kind === "lateral";
      const tiny = refused || kind === "stale";
      const start = from + random.below(30);
      const end = start + random.below(from + 60 - start);
      // A scanner sends one bare SYN, a host that connects tries three times, with options.
      const packets = kind === "lateral" ? 3 : tiny ? 1 : 2 + random.below(30);
      const bytes = packets * (kind === "lateral" ? 60 : tiny ? 40 : 52 + random.below(400));
      const replyStart = Math.min(end, start + random.below(2));
      const replyPackets = tiny ? 1 : packets + random.below(2);
      const replyBytes = replyPackets * (tiny ? 40 : 52 + random.below(1300));
      let full = false;
      // Request at the client and at the server, reply at the server and at the client.
      for (let part = 0; part < (refused ? 2 : 4); part++) {
        const reply = part >= 2;
        const atClient = part === 0 || part === 3;
        const { eni } = atClient ? client : server;
        if (eni === null) continue;
        const src = reply ? server : client;
        const dst = reply ? client : server;
        const egress = atClient !== reply;
        const accepted = !refused || atClient;
        const dstPort = reply ? flow.clientPort : flow.serverPort;
        output.raw(prefixes[eni.index]);
        address(src);
        output.space();
        address(dst);
        field(reply ? flow.serverPort : flow.clientPort);
        field(dstPort);
        field(flow.protocol);
        field(reply ? replyPackets : packets);
        field(reply ? replyBytes : bytes);
        field(reply ? replyStart : start);
        field(end);
        output.raw(accepted ? accept : reject);
        if (v5) {
          output.raw(places[eni.index]);
          output.number(reply ? serverFlags : clientFlags);
          output.raw(src.address6 === null ? ipv4 : ipv6);
          address(src);
          output.space();
          address(dst);
          output.raw(zone);
          output.raw(egress ? (dst.eni ? egressInside : egressOutside) : ingress);
        }
        full = output.newline() || full;
        tally.record(eni, egress ? dst : src, egress, dstPort, accepted);
      }
      return full;
    },
    noData(from) {
      output.raw(prefixes[random.below(prefixes.length)]);
      output.text(`- - - - - - - ${from} ${from + 59} - NODATA`);
      if (v5) output.text(` ${topology.vpcId} - - - - - - ${REGION} - - -`);
      tally.noData();
      return output.newline();
    },
  };
}
