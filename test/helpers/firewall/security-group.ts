import type { Nic, Rule } from "./config.ts";
import { ACK, connectionKey, type Direction, FIN, type Packet, reversed, RST, SYN, TCP, UDP } from "./packet.ts";

type State = "new" | "established" | "related" | "untracked" | "no-connection" | "no-security-group";

export interface GroupDecision {
  readonly state: State;
  /** Every rule that admits the connection; empty: rejected (or an ICMP error that passes with its flow). */
  readonly rules: readonly string[];
  readonly pass: boolean;
}

/** Seconds after which an idle entry is forgotten; AWS documents those of TCP and UDP, the kernel has the others. */
export interface Timeouts {
  readonly established: number;
  readonly halfOpen: number;
  readonly closing: number;
  readonly reset: number;
  readonly udpSingle: number;
  readonly udpStream: number;
  readonly other: number;
}

const TIMEOUTS: Timeouts = {
  established: 432_000,
  halfOpen: 60,
  closing: 60,
  reset: 10,
  udpSingle: 30,
  udpStream: 180,
  other: 600,
};

interface Entry {
  readonly rules: readonly string[];
  readonly opener: string;
  until: number;
  replied: boolean;
  packetsBack: number;
  finOut: boolean;
  finBack: boolean;
  reset: boolean;
}

/** Connection tracking of one interface (EC2 User Guide, "Amazon EC2 security group connection tracking"). */
export interface GroupLayer {
  decide(nic: Nic, direction: Direction, packet: Packet): GroupDecision;
}

export function createGroupLayer(timeouts: Timeouts = TIMEOUTS): GroupLayer {
  const table = new Map<string, Entry>();

  const live = (key: string, now: number): Entry | undefined => {
    const entry = table.get(key);
    return entry && entry.until >= now ? entry : undefined;
  };

  return {
    decide(nic, direction, packet) {
      if (!nic.hasGroups) return { state: "no-security-group", rules: [], pass: true };
      if (packet.about) {
        const flow = live(connectionKey(packet.about), packet.time);
        const untracked = openRules(nic, packet.about).length > 0 || openRules(nic, reversed(packet.about)).length > 0;
        if (flow || untracked) return { state: "related", rules: [], pass: true };
      }
      const key = connectionKey(packet);
      const opens = packet.protocol !== TCP || (packet.flags & (SYN | ACK | RST | FIN)) === SYN;
      const entry = live(key, packet.time);
      if (entry && !(opens && packet.protocol === TCP && isClosed(entry))) {
        advance(entry, packet, timeouts);
        return { state: "established", rules: entry.rules, pass: true };
      }
      const matching = matchingRules(nic, direction, packet);
      if (isUntracked(nic, packet, matching)) {
        return { state: "untracked", rules: ids(matching), pass: matching.length > 0 };
      }
      if (!opens) return { state: "no-connection", rules: ids(matching), pass: matching.length > 0 };
      if (matching.length > 0) {
        const fresh: Entry = {
          rules: ids(matching),
          opener: packet.src,
          until: 0,
          replied: false,
          packetsBack: 0,
          finOut: false,
          finBack: false,
          reset: false,
        };
        advance(fresh, packet, timeouts);
        table.set(key, fresh);
      }
      return { state: "new", rules: ids(matching), pass: matching.length > 0 };
    },
  };
}

const ids = (rules: readonly Rule[]): string[] => rules.map(({ id }) => id);

export function matchingRules(nic: Nic, direction: Direction, packet: Packet): Rule[] {
  const peer = direction === "ingress" ? packet.src : packet.dst;
  return nic.rules[direction].filter((rule) => rule.matches(packet, peer));
}

/** Rules open to the world that let the packet in or out, where the other direction lets every response pass. */
function openRules(nic: Nic, packet: Packet): Rule[] {
  const direction: Direction = nic.addresses.includes(packet.src) ? "egress" : "ingress";
  const opposite = direction === "egress" ? "ingress" : "egress";
  if (packet.protocol !== TCP && packet.protocol !== UDP) return [];
  return matchingRules(nic, direction, packet).filter(
    ({ open }) =>
      open !== 0 && nic.rules[opposite].some((other) => other.open === open && other.everyPort(packet.protocol)),
  );
}

function isUntracked(nic: Nic, packet: Packet, matching: readonly Rule[]): boolean {
  if (packet.protocol !== TCP && packet.protocol !== UDP) return false;
  const opensHere = packet.protocol === UDP || (packet.flags & (SYN | ACK)) === SYN;
  if (matching.some(({ open }) => open !== 0) && openRules(nic, packet).length > 0) return true;
  // A reply to an untracked flow passes by the open rule of its own direction.
  return (!opensHere || packet.protocol === UDP) && openRules(nic, reversed(packet)).length > 0;
}

function isClosed(entry: Entry): boolean {
  return entry.reset || (entry.finOut && entry.finBack);
}

function advance(entry: Entry, packet: Packet, timeouts: Timeouts): void {
  const back = packet.src !== entry.opener;
  if (back) entry.packetsBack++;
  entry.replied ||= back;
  if (packet.protocol === TCP) {
    if (packet.flags & RST) entry.reset = true;
    if (packet.flags & FIN) entry[back ? "finBack" : "finOut"] = true;
    const idle = entry.reset
      ? timeouts.reset
      : entry.finOut || entry.finBack
        ? timeouts.closing
        : entry.replied
          ? timeouts.established
          : timeouts.halfOpen;
    entry.until = packet.time + idle;
    return;
  }
  const stream = entry.packetsBack > 1;
  const idle = packet.protocol === UDP ? (stream ? timeouts.udpStream : timeouts.udpSingle) : timeouts.other;
  entry.until = packet.time + idle;
}
