import type { Chance } from "../chance.ts";
import { ACK, FIN, PSH, RST, SYN } from "../packet.ts";
import type { Wire } from "./wire.ts";

export type Outcome = "open" | "refused" | "silent";

/** The handshake, with the repetitions of both sides while something on the way rejects (RFC 6298: 1, 2, 4 s ...). */
export function connect(wire: Wire, listening = true, attempts = 3): Outcome {
  for (let attempt = 0, pause = 1; attempt < attempts; attempt++, pause *= 2) {
    if (wire.out(SYN, 8)) {
      if (!listening) return wire.back(RST | ACK) ? "refused" : "silent";
      if (wire.back(SYN | ACK, 8)) {
        wire.out(ACK);
        return "open";
      }
    }
    wire.wait(pause);
  }
  return "silent";
}

export function request(wire: Wire, chance: Chance): void {
  const segments = (least: number, most: number): number => (chance.often(5) ? most : chance.between(least, 4));
  for (let left = segments(1, 8); left > 0; left--) wire.out(ACK | PSH, chance.between(60, 1400));
  wire.wait(chance.within(0.002, 0.2));
  for (let left = segments(1, 20); left > 0; left--) {
    wire.back(ACK | PSH, chance.between(60, 1400));
    if (left % 2 === 0) wire.out(ACK);
  }
  wire.out(ACK);
}

export function close(wire: Wire, byServer: boolean): void {
  const [first, second] = byServer ? [wire.back, wire.out] : [wire.out, wire.back];
  first(FIN | ACK);
  second(FIN | ACK);
  first(ACK);
}

/** How a client and a server talk over TCP. Each kind is one connection unless it says otherwise. */
export const TCP_KINDS: Readonly<Record<string, (wire: Wire, chance: Chance, until: number) => void>> = {
  short(wire, chance) {
    if (connect(wire) !== "open") return;
    for (let rounds = chance.between(1, 3); rounds > 0; rounds--) request(wire, chance);
    close(wire, chance.often(40));
  },
  /** The server speaks first (databases, SSH, mail). */
  greeted(wire, chance) {
    if (connect(wire) !== "open") return;
    wire.back(ACK | PSH, chance.between(20, 90));
    for (let rounds = chance.between(1, 6); rounds > 0; rounds--) {
      request(wire, chance);
      wire.wait(chance.within(0, 3));
    }
    close(wire, false);
  },
  /** Open for most of the capture, a request now and then, longer than any aggregation interval apart. */
  pooled(wire, chance, until) {
    if (connect(wire) !== "open") return;
    while (wire.time < until - 5) {
      request(wire, chance);
      wire.wait(chance.within(3, 150));
    }
    if (chance.often(50)) close(wire, chance.often(50));
  },
  keepalive(wire, chance, until) {
    if (connect(wire) !== "open") return;
    request(wire, chance);
    const byServer = chance.often(50);
    const every = chance.between(15, 75);
    while (wire.time < until) {
      wire.wait(every);
      if (byServer) {
        wire.back(ACK);
        wire.out(ACK);
      } else {
        wire.out(ACK);
        wire.back(ACK);
      }
    }
  },
  /** Silent for minutes, then either side goes on. */
  idle(wire, chance) {
    if (connect(wire) !== "open") return;
    request(wire, chance);
    wire.wait(chance.within(90, 340));
    if (chance.often(50)) {
      wire.back(ACK | PSH, chance.between(20, 500));
      wire.out(ACK);
    } else request(wire, chance);
    close(wire, chance.often(50));
  },
  refused(wire) {
    connect(wire, false);
  },
  aborted(wire, chance) {
    if (connect(wire) !== "open") return;
    request(wire, chance);
    (chance.often(50) ? wire.out : wire.back)(RST | ACK);
  },
  /** The client vanishes after the SYN-ACK, which the server repeats. */
  halfOpen(wire) {
    if (!wire.out(SYN, 8)) return;
    for (const pause of [1, 2, 4]) {
      wire.back(SYN | ACK, 8);
      wire.wait(pause);
    }
  },
  /** A health check: connect and close, no data. */
  probe(wire, chance) {
    if (connect(wire) !== "open") return;
    close(wire, chance.often(20));
  },
  /** The last packets of one side come when both ends have long forgotten the connection. */
  late(wire, chance) {
    if (connect(wire) !== "open") return;
    request(wire, chance);
    close(wire, false);
    wire.wait(chance.within(70, 200));
    wire.back(chance.pick([ACK, FIN | ACK, RST]));
  },
  /** The same ports again, after a close: two connections or three. */
  reused(wire, chance) {
    for (let times = chance.between(2, 3); times > 0; times--) {
      if (connect(wire) !== "open") return;
      request(wire, chance);
      close(wire, false);
      wire.wait(chance.within(1, 150));
    }
  },
};
