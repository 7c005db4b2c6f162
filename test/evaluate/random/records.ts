import * as fc from "fast-check";
import { FAR_FOUR, FAR_SIX, FIRST_START, INTERFACES, ownFour, ownSix, PORTS, UNKNOWN_INTERFACES } from "./universe.ts";

/** A flow log record by field name; a field that is not there has `-`. */
export type Fields = Readonly<Record<string, string>>;

export const V2 =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status".split(
    " ",
  );
export const V5 = [...V2, "tcp-flags", "pkt-srcaddr", "pkt-dstaddr", "flow-direction"];
const V8 = [...V5, "reject-reason"];
/** Formats that lack what an evaluator would like to know. */
const POOR = [
  V2.filter((name) => !name.endsWith("port")),
  V2.filter((name) => name !== "protocol"),
  V2.filter((name) => name !== "action"),
  V5.filter((name) => name !== "action" && name !== "start"),
  V5.filter((name) => name !== "start" && name !== "end"),
  V5.filter((name) => name !== "srcaddr" && name !== "dstaddr"),
  V5.filter((name) => name !== "packets" && name !== "bytes"),
  V2.filter((name) => !name.endsWith("addr")),
];

const format: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(V2) },
  { weight: 4, arbitrary: fc.constant(V5) },
  { weight: 1, arbitrary: fc.constant(V8) },
  { weight: 2, arbitrary: fc.constantFrom(...POOR) },
);

/** What a conversation says once or several times, in either direction. */
interface Utterance {
  readonly out: boolean;
  readonly after: number;
  readonly lasts: number;
  readonly action: string;
  readonly flags: string;
  readonly packets: number;
  readonly bytes: number;
  readonly status: string;
  readonly reason: string;
  readonly told: boolean;
}

const utterance: fc.Arbitrary<Utterance> = fc.record({
  out: fc.boolean(),
  after: fc.constantFrom(0, 0, 1, 5, 29, 31, 59, 61, 100, 179, 181, 349, 351, 600, 1000, 1500),
  lasts: fc.constantFrom(0, 1, 5, 30, 60, 600),
  action: fc.oneof(
    { weight: 12, arbitrary: fc.constant("ACCEPT") },
    { weight: 6, arbitrary: fc.constant("REJECT") },
    { weight: 1, arbitrary: fc.constant("-") },
  ),
  flags: fc.constantFrom("0", "0", "0", "1", "2", "2", "3", "4", "18", "18", "19", "-"),
  packets: fc.constantFrom(1, 1, 2, 3, 5, 20),
  bytes: fc.constantFrom(40, 52, 60, 72, 400, 5000),
  status: fc.oneof(
    { weight: 20, arbitrary: fc.constant("OK") },
    { weight: 1, arbitrary: fc.constantFrom("NODATA", "SKIPDATA") },
  ),
  reason: fc.constantFrom("-", "-", "-", "BPA", "EC", "other"),
  told: fc.boolean(),
});

/** Two ends and what was heard between them. */
const conversation = fc
  .record({
    at: fc.nat(20).map((draw) => (draw < 18 ? draw % INTERFACES.length : INTERFACES.length + ((draw - 18) % 2))),
    six: fc.integer({ min: 0, max: 4 }).map((draw) => draw === 4),
    own: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3),
    far: fc.nat(),
    packet: fc.constantFrom("-", "-", "same", "other"),
    fragment: fc.nat(30).map((draw) => draw === 30),
    protocol: fc.constantFrom("6", "6", "6", "6", "17", "17", "1", "58", "47", "50", "-"),
    localPort: fc.constantFrom(...PORTS),
    remotePort: fc.constantFrom(...PORTS),
    start: fc.constantFrom(0, 0, 300, 439, 441, 480, 500, 520, 900, 1400, 1490, 1510),
    said: fc.array(utterance, { minLength: 1, maxLength: 5 }),
  })
  .map(({ at, six, own, far, packet, fragment, protocol, localPort, remotePort, start, said }): Fields[] => {
    const place = INTERFACES[at] ?? UNKNOWN_INTERFACES[at - INTERFACES.length];
    const owns = six ? ownSix(place) : ownFour(place);
    const fars = six ? FAR_SIX : FAR_FOUR;
    const local = owns[own] ?? fars[(far + 5) % fars.length];
    const remote = fars[far % fars.length];
    const hidden = fars[(far + 11) % fars.length];
    const ported = (protocol === "6" || protocol === "17") && !fragment;
    const ports = ported ? [String(localPort), String(remotePort)] : ["0", "0"];
    let time = FIRST_START + start;
    return said.map((one) => {
      time += one.after;
      // An intermediate interface shows its own address; the packet's are in the pkt- fields.
      const ends = [owns[0], packet === "other" ? hidden : remote];
      const shown = packet === "-" || packet === "same" ? [local, remote] : ends;
      const [from, to] = one.out ? [0, 1] : [1, 0];
      const whole = [local, remote];
      const record: Record<string, string> = {
        version: "5",
        "account-id": at === 1 || (at > INTERFACES.length && own > 0) ? "210987654321" : "123456789012",
        "interface-id": place.id,
        srcaddr: shown[from],
        dstaddr: shown[to],
        srcport: ports[from],
        dstport: ports[to],
        protocol,
        packets: String(one.packets),
        bytes: String(one.packets * one.bytes),
        start: String(time),
        end: String(time + one.lasts),
        action: one.action,
        "log-status": one.status,
        "tcp-flags": protocol === "6" ? one.flags : "0",
        "pkt-srcaddr": packet === "-" ? "-" : whole[from],
        "pkt-dstaddr": packet === "-" ? "-" : whole[to],
        "flow-direction": one.told ? (one.out ? "egress" : "ingress") : "-",
        "reject-reason": one.action === "REJECT" ? one.reason : "-",
      };
      if (one.status === "OK") return record;
      for (const name of ["srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "action"]) {
        record[name] = "-";
      }
      for (const name of ["tcp-flags", "pkt-srcaddr", "pkt-dstaddr", "flow-direction", "reject-reason"]) {
        record[name] = "-";
      }
      return record;
    });
  });

/** A file: records in one format. */
export interface LogText {
  readonly fields: readonly string[];
  readonly records: readonly Fields[];
}

const logText: fc.Arbitrary<LogText> = fc
  .tuple(format, fc.array(conversation, { minLength: 1, maxLength: 6 }))
  .map(([fields, conversations]) => ({ fields, records: conversations.flat() }));

/** Files that are judged together, several times over. */
export const segments: fc.Arbitrary<LogText[][]> = fc.array(fc.array(logText, { minLength: 1, maxLength: 2 }), {
  minLength: 1,
  maxLength: 3,
});

function lineOf(fields: readonly string[], record: Fields): string {
  return fields.map((name) => record[name] ?? "-").join(" ");
}

export function textOf({ fields, records }: LogText): string {
  return `${fields.join(" ")}\n${records.map((record) => `${lineOf(fields, record)}\n`).join("")}`;
}
