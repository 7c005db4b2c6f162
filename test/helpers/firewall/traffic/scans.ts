import type { Chance } from "../chance.ts";
import type { Network } from "../network.ts";
import { ACK, FIN, PSH, RST, SYN, TCP } from "../packet.ts";
import { close, connect, request } from "./tcp.ts";
import { createWire } from "./wire.ts";

export interface Scan {
  readonly source: string;
  readonly targets: readonly string[];
  readonly ports: readonly number[];
  /** What the probes carry: SYN, or a bare packet of no connection. */
  readonly probe: "syn" | "ack" | "fin" | "null" | "xmas";
  readonly start: number;
  /** Seconds between two probes. */
  readonly pace: number;
}

const PROBE_FLAGS = { syn: SYN, ack: ACK, fin: FIN, null: 0, xmas: FIN | PSH | 32 } as const;

/** Probes every port of every target. `listens` says where a SYN finds a server. */
export function scan(
  network: Network,
  plan: Scan,
  chance: Chance,
  listens: (target: string, port: number) => boolean,
): void {
  let time = plan.start;
  // As scanners do: one source port for all probes, or one each.
  const fixedPort = chance.often(50) ? chance.between(32_768, 60_999) : null;
  for (const target of plan.targets) {
    for (const port of plan.ports) {
      const clientPort = fixedPort ?? chance.between(32_768, 60_999);
      const ends = { client: plan.source, clientPort, server: target, serverPort: port, protocol: TCP };
      const wire = createWire(network, ends, time);
      time += plan.pace;
      // 20 bytes of header, a SYN with the maximum segment size.
      if (!wire.out(PROBE_FLAGS[plan.probe], plan.probe === "syn" ? -8 : -12)) continue;
      if (plan.probe !== "syn") wire.back(RST);
      else if (!listens(target, port)) wire.back(RST | ACK);
      else if (wire.back(SYN | ACK, -8)) wire.out(RST);
    }
  }
}

/** Password guessing: short connections with a little data, one after the other. */
export function bruteForce(
  network: Network,
  {
    source,
    target,
    port,
    start,
    tries,
  }: { source: string; target: string; port: number; start: number; tries: number },
  chance: Chance,
): void {
  let time = start;
  for (let left = tries; left > 0; left--) {
    const clientPort = chance.between(32_768, 60_999);
    const wire = createWire(
      network,
      { client: source, clientPort, server: target, serverPort: port, protocol: TCP },
      time,
    );
    if (connect(wire, true, 1) === "open") {
      request(wire, chance);
      close(wire, true);
    }
    time += chance.within(0.5, 6);
  }
}
