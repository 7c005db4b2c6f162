import type { FlowBatch } from "../decode/flow-batch.ts";
import { createKeys, INTERFACE, KIND, PORTS, REMOTE, writeKey } from "../evaluate/conntrack/entry-layout.ts";
import { AddressPool } from "../evaluate/dense/address-pool.ts";
import { WordMemo } from "../evaluate/dense/word-memo.ts";
import { type Address, IPV4, IPV6 } from "../net/address.ts";
import { hasPorts } from "../net/protocols.ts";
import type { StoredRecords } from "../store/stored-records.ts";
import { TRAFFIC_CLASSES, type TrafficClass } from "../store/traffic-classes.ts";

/** Words of the key of a group: kind, interface, peer, family, `protocol << 16 | port`. */
const KEY_WORDS = 5;

/** What the records of a group have in common; `kind` is the caller's. */
interface PeerGroup {
  readonly number: number;
  readonly kind: number;
  /** The index of the interface. */
  readonly eni: number;
  /** Null for records without addresses. */
  readonly peer: Address | null;
  readonly protocol: number;
  /** 0 for protocols without ports. */
  readonly port: number;
  /** The class of its traffic, if one of the rules was credited with it. */
  readonly trafficClass: TrafficClass | "unknown";
}

/** Numbers records by kind, interface, peer and service: the first group is 0. There are at most `most` groups. */
export function createPeerGroups(most: number) {
  const addresses = new AddressPool();
  const memo = new WordMemo(KEY_WORDS);
  const keys: number[] = [];
  const key = createKeys(1);
  let count = 0;
  return {
    /** The group of a row, -1 beyond the limit. Its port is that of the peer, or else that of the interface. */
    groupOf(batch: FlowBatch, row: number, kind: number, direction: number, portOfPeer: boolean): number {
      writeKey(batch, row, direction, addresses, key, 0);
      const protocol = key[KIND] & 0xff;
      const port = portOfPeer ? key[PORTS] & 0xffff : key[PORTS] >>> 16;
      memo.key[0] = kind;
      memo.key[1] = key[INTERFACE];
      memo.key[2] = key[REMOTE];
      memo.key[3] = key[KIND] >>> 8;
      memo.key[4] = (protocol << 16) | (hasPorts(protocol) ? port : 0);
      const known = memo.find();
      if (known >= 0) return known;
      if (count === most) return -1;
      memo.add(count);
      keys.push(...memo.key);
      return count++;
    },
    /**
     * All groups by number, with the classes that the traffic of the rules had. `openerOf` tells the direction in which the
     * connections of a kind were opened (0: unknown).
     */
    async groups(
      stored: StoredRecords,
      ruleIds: readonly string[],
      openerOf: (kind: number) => number,
    ): Promise<Iterable<PeerGroup>> {
      const classOf = await trafficClasses(stored, ruleIds, addresses);
      const groupAt = (number: number): PeerGroup => {
        const [kind, eni, peer, family, service] = keys.slice(number * KEY_WORDS, (number + 1) * KEY_WORDS);
        return {
          number,
          kind,
          eni,
          peer: addressOf(addresses, family, peer),
          protocol: (service >>> 16) & 0xff,
          port: service & 0xffff,
          trafficClass: classOf(eni, openerOf(kind), family, service, peer),
        };
      };
      // One at a time: there may be millions.
      const all = function* (): Generator<PeerGroup> {
        for (let number = 0; number < count; number++) yield groupAt(number);
      };
      return all();
    },
  };
}

/** Tells the class of the traffic of a peer (an id of the pool) with a service at an interface. */
async function trafficClasses(stored: StoredRecords, ruleIds: readonly string[], pool: AddressPool) {
  const memo = new WordMemo(4);
  const find = (eni: number, direction: number, family: number, service: number, peer: number): number => {
    memo.key[0] = eni;
    memo.key[1] = (direction << 2) | family;
    memo.key[2] = service;
    memo.key[3] = peer;
    return memo.find();
  };
  if (ruleIds.length > 0) {
    await stored.visitTraffic(ruleIds, ({ interfaceIdx, direction, protocol, port, family, address, trafficClass }) => {
      const peer = family === IPV4 ? address[0] : pool.idOf(address, 0);
      const known = find(interfaceIdx, direction, family, (protocol << 16) | port, peer);
      if (known < 0) memo.add(TRAFFIC_CLASSES.indexOf(trafficClass));
    });
  }
  return (...group: Parameters<typeof find>): TrafficClass | "unknown" => TRAFFIC_CLASSES[find(...group)] ?? "unknown";
}

function addressOf(pool: AddressPool, family: number, peer: number): Address | null {
  if (family === 0) return null;
  if (family === IPV4) return { family: IPV4, words: [peer >>> 0] };
  return { family: IPV6, words: [...pool.words.subarray(peer * 4, peer * 4 + 4)] };
}
