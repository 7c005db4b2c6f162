export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

/** One packet, with the private addresses that security groups and network ACLs see. */
export interface Packet {
  /** Unix seconds, with a fraction. */
  readonly time: number;
  readonly src: string;
  readonly dst: string;
  /** 0 where the protocol has no ports. */
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protocol: number;
  readonly bytes: number;
  /** TCP header bits, ACK and PSH included. */
  readonly flags: number;
  readonly icmp: { readonly type: number; readonly code: number } | null;
  /** Echo identifier, which tells pings apart that no record can. */
  readonly echo: number;
  /** Of an ICMP error: a packet of the flow that it is about. */
  readonly about: Packet | null;
  /** Sent by the side that did not open the connection. */
  readonly reply: boolean;
}

export type Direction = "ingress" | "egress";

/** The same five-tuple seen from the other end. */
export function reversed(packet: Packet): Packet {
  const { src, dst, srcPort, dstPort } = packet;
  return { ...packet, src: dst, dst: src, srcPort: dstPort, dstPort: srcPort, reply: !packet.reply };
}

/** A key that both directions of a connection share. */
export function connectionKey({ src, dst, srcPort, dstPort, protocol, echo }: Packet): string {
  const [a, b] = [`${src}|${srcPort}`, `${dst}|${dstPort}`];
  return `${protocol}|${a < b ? `${a}|${b}` : `${b}|${a}`}|${echo}`;
}
