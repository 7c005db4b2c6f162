import { type Family, IPV4, ipv4Bounds, IPV6, ipv6Bounds, ipv6Words, type Prefix } from "../net/address.ts";

/**
 * Addresses are of one class if the same peers (CIDR blocks, prefix lists, members of a group) contain them. A rule's peer
 * matches a whole class or none of it, so a lookup costs one short binary search, however many rules, list entries and
 * interfaces there are.
 *
 * All arrays may lie in shared memory. `starts4` holds the first address of each interval, ascending and beginning with 0;
 * `starts6` the same with four words an address.
 */
export interface PeerClasses {
  readonly starts4: Uint32Array;
  readonly classes4: Int32Array;
  /** For each upper half of an address: index of the interval that holds its first address; one more at the end. */
  readonly index4: Uint32Array;
  readonly starts6: Uint32Array;
  readonly classes6: Int32Array;
  /** Peers of each class, ascending: `members[offsets[c] .. offsets[c + 1]]`. */
  readonly offsets: Uint32Array;
  readonly members: Uint32Array;
}

/** Class of an IPv4 address. */
export function classOf4(classes: PeerClasses, address: number): number {
  const upper = address >>> 16;
  let low = classes.index4[upper];
  let high = classes.index4[upper + 1];
  const { starts4 } = classes;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts4[middle] <= address) low = middle;
    else high = middle - 1;
  }
  return classes.classes4[low];
}

/** Class of the IPv6 address whose four words begin at `words[at]`. */
export function classOf6(classes: PeerClasses, words: ArrayLike<number>, at: number): number {
  const { starts6 } = classes;
  let low = 0;
  let high = classes.classes6.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (compare6(starts6, middle * 4, words, at) <= 0) low = middle;
    else high = middle - 1;
  }
  return classes.classes6[low];
}

function compare6(a: ArrayLike<number>, atA: number, b: ArrayLike<number>, atB: number): number {
  for (let word = 0; word < 4; word++) {
    const left = a[atA + word] >>> 0;
    const right = b[atB + word] >>> 0;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** IPv4 addresses are numbers, which are much faster than the bigints of IPv6. */
interface Edge<Address extends number | bigint> {
  readonly at: Address;
  readonly peer: number;
  readonly step: 1 | -1;
}

/** Builds the classes; `peers[p]` are the blocks of peer p, which may overlap. */
export function buildPeerClasses(peers: readonly (readonly Prefix[])[]): PeerClasses {
  const interned = new Map<string, number>();
  const offsets: number[] = [0];
  const members: number[] = [];
  const intern = (active: ReadonlyMap<number, number>, key: string): number => {
    const known = interned.get(key);
    if (known !== undefined) return known;
    const id = interned.size;
    interned.set(key, id);
    members.push(...[...active.keys()].sort((a, b) => a - b));
    offsets.push(members.length);
    return id;
  };
  const four = sweep(edges(peers, IPV4, ipv4Bounds), intern, "4", 0, 2 ** 32);
  const six = sweep(edges(peers, IPV6, ipv6Bounds), intern, "6", 0n, 1n << 128n);

  const starts4 = shared32(four.starts.length);
  four.starts.forEach((start, index) => (starts4[index] = start));
  const index4 = shared32(65_537);
  for (let upper = 0, at = 0; upper < 65_536; upper++) {
    while (at + 1 < starts4.length && starts4[at + 1] <= upper * 65_536) at++;
    index4[upper] = at;
  }
  index4[65_536] = starts4.length - 1;
  const starts6 = shared32(six.starts.length * 4);
  six.starts.forEach((start, index) => starts6.set(ipv6Words(start), index * 4));
  return {
    starts4,
    classes4: Int32Array.from(four.classes),
    index4,
    starts6,
    classes6: Int32Array.from(six.classes),
    offsets: Uint32Array.from(offsets),
    members: Uint32Array.from(members),
  };
}

function shared32(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

function edges<Address extends number | bigint>(
  peers: readonly (readonly Prefix[])[],
  family: Family,
  boundsOf: (prefix: Prefix) => readonly [Address, Address],
): Edge<Address>[] {
  const result: Edge<Address>[] = [];
  peers.forEach((prefixes, peer) => {
    for (const prefix of prefixes) {
      if (prefix.family !== family) continue;
      const [first, end] = boundsOf(prefix);
      result.push({ at: first, peer, step: 1 });
      result.push({ at: end, peer, step: -1 });
    }
  });
  return result.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Walks the edges in address order; each stretch between two of them is one interval. */
function sweep<Address extends number | bigint>(
  sorted: readonly Edge<Address>[],
  intern: (active: ReadonlyMap<number, number>, key: string) => number,
  family: string,
  lowest: Address,
  limit: Address,
): { starts: Address[]; classes: number[] } {
  const active = new Map<number, number>();
  const key = (): string => family + [...active.keys()].sort((a, b) => a - b).join(",");
  const starts: Address[] = [lowest];
  const classes: number[] = [];
  for (let at = 0; at < sorted.length;) {
    const position = sorted[at].at;
    if (position > starts[starts.length - 1]) {
      classes.push(intern(active, key()));
      if (position >= limit) return { starts, classes };
      starts.push(position);
    }
    for (; at < sorted.length && sorted[at].at === position; at++) {
      const count = (active.get(sorted[at].peer) ?? 0) + sorted[at].step;
      if (count === 0) active.delete(sorted[at].peer);
      else active.set(sorted[at].peer, count);
    }
  }
  classes.push(intern(active, key()));
  return { starts, classes };
}
