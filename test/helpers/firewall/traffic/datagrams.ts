import type { Chance } from "../chance.ts";
import type { Packet } from "../packet.ts";
import { ICMP, ICMPV6 } from "../packet.ts";
import { address } from "../prefix.ts";
import type { Wire } from "./wire.ts";

/** How a client and a server talk over UDP. */
export const UDP_KINDS: Readonly<Record<string, (wire: Wire, chance: Chance, until: number) => void>> = {
  query(wire, chance) {
    if (!wire.out(0, chance.between(20, 80))) return;
    wire.wait(chance.within(0.001, 0.9));
    wire.back(0, chance.between(60, 500));
  },
  /** Asked again while no answer comes. */
  unanswered(wire) {
    for (const pause of [1, 2, 5]) {
      wire.out(0, 40);
      wire.wait(pause);
    }
  },
  oneWay(wire, chance, until) {
    for (let left = chance.between(1, 12); left > 0 && wire.time < until; left--) {
      wire.out(0, chance.between(40, 900));
      wire.wait(chance.within(0.1, 20));
    }
  },
  stream(wire, chance, until) {
    for (let left = chance.between(4, 40); left > 0 && wire.time < until; left--) {
      if (wire.out(0, chance.between(40, 1200))) wire.back(0, chance.between(40, 1200));
      wire.wait(chance.within(0.5, 20));
    }
  },
  /** The answer comes after the entry has timed out. */
  lateAnswer(wire, chance) {
    if (!wire.out(0, 40)) return;
    wire.wait(chance.within(35, 80));
    wire.back(0, 120);
  },
  /** Nobody listens: an ICMP error about the datagram comes back. */
  unreachable(wire) {
    if (wire.out(0, 60)) errorAbout(wire, wire.packet(0, 60, false), wire.ends.server, "port");
  },
};

/** An ICMP error from `source` to the sender of `about` (RFC 792, RFC 4443): port unreachable, or a packet too big. */
export function errorAbout(wire: Wire, about: Packet, source: string, what: "port" | "size"): boolean {
  const four = address(about.src).width === 32;
  const [type, code] = what === "port" ? (four ? [3, 3] : [1, 4]) : four ? [3, 4] : [2, 0];
  return wire.send({
    ...about,
    time: wire.time,
    src: source,
    dst: about.src,
    srcPort: 0,
    dstPort: 0,
    protocol: four ? ICMP : ICMPV6,
    bytes: four ? 88 : 120,
    flags: 0,
    icmp: { type, code },
    about,
    reply: false,
  });
}

/** A run of `ping`: one echo identifier, a request a second. */
export function ping(wire: Wire, echo: number, count: number, answers: boolean): void {
  const four = wire.ends.protocol === ICMP;
  const packet = (reply: boolean): Packet => ({
    ...wire.packet(0, 56, reply),
    icmp: { type: four ? (reply ? 0 : 8) : reply ? 129 : 128, code: 0 },
    echo,
  });
  for (let left = count; left > 0; left--) {
    if (wire.send(packet(false)) && answers) wire.send(packet(true));
    wire.wait(1);
  }
}

/** Protocols without ports (ESP, GRE): packets both ways, or one way. */
export function tunnel(wire: Wire, chance: Chance, both: boolean): void {
  for (let left = chance.between(2, 30); left > 0; left--) {
    if (wire.out(0, chance.between(80, 1300)) && both) wire.back(0, chance.between(80, 1300));
    wire.wait(chance.within(0.5, 12));
  }
}
