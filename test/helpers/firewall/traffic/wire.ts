import type { Network } from "../network.ts";
import { type Packet, RST, TCP, UDP } from "../packet.ts";
import { address } from "../prefix.ts";

export interface Ends {
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly serverPort: number;
  readonly protocol: number;
}

/** The packets of one conversation, in order of time. */
export interface Wire {
  readonly ends: Ends;
  /** Unix seconds of the next packet. */
  time: number;
  wait(seconds: number): void;
  /** From the client, and from the server: `payload` bytes after the headers. True when it arrives. */
  out(flags: number, payload?: number): boolean;
  back(flags: number, payload?: number): boolean;
  /** The packet that `out` would send. */
  packet(flags: number, payload: number, reply: boolean): Packet;
  send(packet: Packet): boolean;
}

const HEADER: Readonly<Record<number, number>> = { [TCP]: 32, [UDP]: 8 };
/** One way through the network, seconds. */
const DELAY = 0.004;

export function createWire(network: Network, ends: Ends, time: number): Wire {
  const header = (address(ends.client).width === 32 ? 20 : 40) + (HEADER[ends.protocol] ?? 8);
  const wire: Wire = {
    ends,
    time,
    wait(seconds) {
      wire.time += seconds;
    },
    out: (flags, payload = 0) => wire.send(wire.packet(flags, payload, false)),
    back: (flags, payload = 0) => wire.send(wire.packet(flags, payload, true)),
    packet: (flags, payload, reply) => ({
      time: wire.time,
      src: reply ? ends.server : ends.client,
      dst: reply ? ends.client : ends.server,
      srcPort: reply ? ends.serverPort : ends.clientPort,
      dstPort: reply ? ends.clientPort : ends.serverPort,
      protocol: ends.protocol,
      // A RST has no options.
      bytes: header + payload - (ends.protocol === TCP && (flags & RST) !== 0 ? 12 : 0),
      flags,
      icmp: null,
      echo: 0,
      about: null,
      reply,
    }),
    send(packet) {
      const arrived = network.send(packet);
      wire.time += DELAY;
      return arrived;
    },
  };
  return wire;
}
