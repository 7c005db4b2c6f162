import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TCP, UDP } from "../../src/net/protocols.ts";
import { buildServices, serviceOf } from "../../src/policy/services.ts";

const range = fc
  .tuple(fc.oneof(fc.constantFrom(0, 1, 443, 65_534, 65_535), fc.nat(65_535)), fc.oneof(fc.constant(0), fc.nat(65_535)))
  .map(([from, width]) => ({ from, to: Math.min(65_535, from + width) }));
const ranges = fc.array(range, { maxLength: 6 });

test("two ports are one service exactly if no rule's boundary lies between them", () => {
  fc.assert(
    fc.property(ranges, ranges, (tcp, udp) => {
      const services = buildServices(tcp, udp);
      for (const [protocol, own] of [
        [TCP, tcp],
        [UDP, udp],
      ] as const) {
        const cuts = new Set(own.flatMap(({ from, to }) => [from, to + 1]));
        for (let port = 1; port < 65_536; port++) {
          const apart = serviceOf(services, protocol, port) !== serviceOf(services, protocol, port - 1);
          if (apart !== cuts.has(port)) expect({ protocol, port, apart }).toEqual({ protocol, port, apart: !apart });
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("a service has its own protocol and one of its own ports", () => {
  fc.assert(
    fc.property(
      ranges,
      ranges,
      fc.integer({ min: -1, max: 255 }),
      fc.integer({ min: -1, max: 65_535 }),
      (tcp, udp, protocol, port) => {
        const services = buildServices(tcp, udp);
        const service = serviceOf(services, protocol, port);
        expect(services.protocols[service]).toBe(protocol);
        const ported = protocol === TCP || protocol === UDP;
        const representative = services.ports[service];
        if (!ported || port < 0) expect(representative).toBe(-1);
        else expect(serviceOf(services, protocol, representative)).toBe(service);
      },
    ),
    { numRuns: 50 },
  );
});

test("services are numbered without gaps, each protocol and each unknown on its own", () => {
  const services = buildServices([{ from: 22, to: 22 }], []);
  const all = new Set([
    ...services.tcp,
    ...services.udp,
    services.tcpUnknownPort,
    services.udpUnknownPort,
    services.unknownProtocol,
  ]);
  services.other.forEach((service, protocol) => protocol !== TCP && protocol !== UDP && all.add(service));
  // TCP: below 22, 22, above; UDP: one; 254 protocols without ports; three unknowns.
  expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: 3 + 1 + 254 + 3 }, (_, service) => service));
  expect(services.protocols.length).toBe(all.size);
});
