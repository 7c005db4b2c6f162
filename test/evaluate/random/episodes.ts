import * as fc from "fast-check";
import { type Fields, V2, V5, type LogText } from "./records.ts";
import { FIRST_START, INTERFACES, primaryOf } from "./universe.ts";

/**
 * Traffic whose opener a record tells by itself: servers on well-known ports, clients on high ones that they use again and
 * again, and packets that are refused before, amid and after what is accepted. Every connection lies within one part, and
 * parts follow each other in time, so that it makes no difference how many of them are known together.
 */
export interface Episodes {
  readonly flags: boolean;
  /** Seconds from one part to the next. */
  readonly pace: number;
  readonly parts: readonly (readonly Episode[])[];
}

interface Episode {
  readonly key: Key;
  readonly start: number;
  readonly said: readonly { out: boolean; after: number; lasts: number; accepted: boolean; packets: number }[];
}

interface Key {
  readonly at: number;
  readonly far: string;
  readonly protocol: string;
  readonly server: number;
  readonly client: number;
  readonly localOpens: boolean;
}

const key: fc.Arbitrary<Key> = fc
  .record({
    at: fc.nat(2),
    far: fc.constantFrom("192.0.2.7", "203.0.113.9", "10.0.1.77"),
    protocol: fc.constantFrom("6", "6", "17"),
    server: fc.constantFrom(22, 53, 443),
    client: fc.constantFrom(40_001, 61_000),
  })
  // The same ends never change their parts: who opened is the same each time the ports are used again.
  .map((ends) => ({ ...ends, localOpens: ends.server === 53 }));

const episode: fc.Arbitrary<Episode> = fc.record({
  key,
  start: fc.nat(20),
  said: fc.array(
    fc.record({
      out: fc.boolean(),
      after: fc.constantFrom(0, 1, 2, 10, 15),
      lasts: fc.constantFrom(0, 0, 3, 12, 20),
      accepted: fc.nat(2).map((draw) => draw > 0),
      packets: fc.integer({ min: 2, max: 6 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

export const episodes: fc.Arbitrary<Episodes> = fc.record({
  flags: fc.boolean(),
  pace: fc.constantFrom(200, 230, 400, 420, 700, 1000, 5000),
  parts: fc.array(fc.array(episode, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }),
});

/** Each part as a text of its own. */
export function partsOf({ flags, pace, parts }: Episodes): LogText[] {
  return parts.map((all, part) => ({
    fields: flags ? V5 : V2,
    records: all.flatMap((one) => recordsOf(one, FIRST_START + part * pace, flags)),
  }));
}

function recordsOf({ key: ends, start, said }: Episode, base: number, flags: boolean): Fields[] {
  const { at, far, protocol, server, client, localOpens } = ends;
  const local = primaryOf(INTERFACES[at]);
  const [localPort, remotePort] = localOpens ? [client, server] : [server, client];
  let time = base + start;
  return said.map(({ out, after, lasts, accepted, packets }): Fields => {
    time += after;
    const opener = out === localOpens;
    return {
      version: "5",
      "account-id": "123456789012",
      "interface-id": INTERFACES[at].id,
      srcaddr: out ? local : far,
      dstaddr: out ? far : local,
      srcport: String(out ? localPort : remotePort),
      dstport: String(out ? remotePort : localPort),
      protocol,
      packets: String(packets),
      bytes: String(packets * 100),
      start: String(time),
      end: String(time + lasts),
      action: accepted ? "ACCEPT" : "REJECT",
      "log-status": "OK",
      // Every accepted record has the flags of an opening, or what came first would be known by its port alone.
      "tcp-flags": flags && protocol === "6" && accepted ? (opener ? "3" : "19") : "0",
      "flow-direction": out ? "egress" : "ingress",
    };
  });
}
