import type { Network, Sighting } from "./network.ts";
import { type Direction, FIN, RST, SYN } from "./packet.ts";
import { address } from "./prefix.ts";

/** A flow log record with what is behind it. `src` and `dst` are the packet's, `logged` what the record shows. */
export interface FlowRecord {
  readonly eni: string;
  readonly dir: Direction;
  readonly action: "ACCEPT" | "REJECT";
  readonly src: string;
  readonly dst: string;
  readonly logged: { readonly src: string; readonly dst: string };
  readonly srcport: number;
  readonly dstport: number;
  readonly protocol: number;
  start: number;
  end: number;
  packets: number;
  bytes: number;
  flags: number;
  readonly sightings: Sighting[];
}

const INTERVAL = 60;

/**
 * Flows of the network's packets by interface, direction, addresses, ports, protocol, action and interval of 60 s, each
 * interface with an interval of its own.
 */
export function aggregate({ sightings }: Network, offsetOf: (eni: string) => number): FlowRecord[] {
  const records = new Map<string, FlowRecord>();
  for (const sighting of sightings) {
    const { nic, direction, packet, layer } = sighting;
    const action = layer === "ALLOWED" ? "ACCEPT" : "REJECT";
    const window = Math.floor((packet.time - offsetOf(nic.id)) / INTERVAL);
    const { src, dst, srcPort, dstPort, protocol } = packet;
    const key = [nic.id, direction, src, dst, srcPort, dstPort, protocol, action, window].join();
    const second = Math.floor(packet.time);
    let record = records.get(key);
    if (!record) {
      record = {
        eni: nic.id,
        dir: direction,
        action,
        src,
        dst,
        logged: loggedAddresses(sighting),
        srcport: srcPort,
        dstport: dstPort,
        protocol,
        start: second,
        end: second,
        packets: 0,
        bytes: 0,
        flags: 0,
        sightings: [],
      };
      records.set(key, record);
    }
    record.start = Math.min(record.start, second);
    record.end = Math.max(record.end, second);
    record.packets++;
    record.bytes += packet.bytes;
    record.flags |= loggedFlags(packet.flags);
    record.sightings.push(sighting);
  }
  return [...records.values()];
}

/** The near side of a record is an address of the interface: for secondary and foreign IPv4 addresses the primary one. */
function loggedAddresses({ nic, direction, packet }: Sighting): { src: string; dst: string } {
  const shown = (one: string): string => (address(one).width === 32 ? (nic.primary ?? one) : one);
  const { src, dst } = packet;
  return direction === "egress" ? { src: shown(src), dst } : { src, dst: shown(dst) };
}

/** FIN, SYN and RST; ACK only in a SYN-ACK (field tcp-flags). */
function loggedFlags(flags: number): number {
  return (flags & (FIN | SYN | RST)) | ((flags & SYN) !== 0 ? flags & 16 : 0);
}

/** Records that the default format cannot tell apart: pkt-srcaddr and pkt-dstaddr are not in it. */
export function mergeForDefaultFormat(
  records: readonly FlowRecord[],
  offsetOf: (eni: string) => number,
): FlowRecord[][] {
  const merged = new Map<string, FlowRecord[]>();
  for (const record of records) {
    const window = Math.floor((record.sightings[0].packet.time - offsetOf(record.eni)) / INTERVAL);
    const { logged, srcport, dstport, protocol, action } = record;
    // Direction is not in the default format either, but no flow goes both ways between the same ports.
    const key = [record.eni, logged.src, logged.dst, srcport, dstport, protocol, action, window].join();
    const list = merged.get(key);
    if (list) list.push(record);
    else merged.set(key, [record]);
  }
  return [...merged.values()];
}
