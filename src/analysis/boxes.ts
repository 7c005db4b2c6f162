import type { ServiceMatch } from "../model/rule-match.ts";
import { type Address, type Family, IPV4, ipv4Bounds, ipv6Bounds, ipv6Words, type Prefix } from "../net/address.ts";
import { ALL_PROTOCOLS } from "../net/protocols.ts";

/** Numbers, but bigints for IPv6 addresses. They are only compared, and one set never mixes them. */
type Bound = number | bigint;

/** Half-open: `from <= value < to`. */
interface Interval<T extends Bound = Bound> {
  readonly from: T;
  readonly to: T;
}

/** Ascending, disjoint, not touching. */
type IntervalSet<T extends Bound> = readonly Interval<T>[];

/** Addresses of one family. */
export type AddressSet = IntervalSet<Bound>;

/** Protocols, ports, ICMP types and codes. */
export type Span = Interval<number>;

/** The values that are in any of the intervals. */
export function unite<T extends Bound>(intervals: readonly Interval<T>[]): Interval<T>[] {
  const sorted = intervals.toSorted((a, b) => (a.from < b.from ? -1 : Number(a.from > b.from)));
  const merged: Interval<T>[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last && next.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: last.to > next.to ? last.to : next.to };
    else merged.push(next);
  }
  return merged;
}

export function subtract<T extends Bound>(left: IntervalSet<T>, right: IntervalSet<T>): Interval<T>[] {
  const rest: Interval<T>[] = [];
  let at = 0;
  for (const { from, to } of left) {
    let start = from;
    while (at < right.length && right[at].to <= start) at++;
    for (let index = at; index < right.length && right[index].from < to && start < to; index++) {
      if (right[index].from > start) rest.push({ from: start, to: right[index].from });
      if (right[index].to > start) start = right[index].to;
    }
    if (start < to) rest.push({ from: start, to });
  }
  return rest;
}

export function intersect<T extends Bound>(left: IntervalSet<T>, right: IntervalSet<T>): Interval<T>[] {
  return subtract(left, subtract(left, right));
}

export function isSame<T extends Bound>(a: IntervalSet<T>, b: IntervalSet<T>): boolean {
  return a.length === b.length && a.every(({ from, to }, index) => from === b[index].from && to === b[index].to);
}

/** Do two intervals share a value? */
export function meets<T extends Bound>(a: Interval<T>, b: Interval<T>): boolean {
  return a.from < b.to && b.from < a.to;
}

/** The stretches between neighbouring edges. */
export function stretches(edges: readonly number[]): Span[] {
  const ascending = [...new Set(edges)].sort((a, b) => a - b);
  return ascending.slice(1).map((to, index) => ({ from: ascending[index], to }));
}

/** The addresses of a block. */
export function prefixInterval(prefix: Prefix): Interval {
  const [from, to] = prefix.family === IPV4 ? ipv4Bounds(prefix) : ipv6Bounds(prefix);
  return { from, to };
}

/** The address that is a bound of a block. */
export function addressAt(bound: Bound, family: Family): Address {
  return { family, words: family === IPV4 ? [Number(bound)] : ipv6Words(BigInt(bound)) };
}

const counts = new WeakMap<AddressSet, number>();

/** How many addresses, as a number to order by. */
export function addressCount(set: AddressSet): number {
  let count = counts.get(set);
  if (count === undefined) {
    count = set.reduce((sum, { from, to }) => sum + (Number(to) - Number(from)), 0);
    counts.set(set, count);
  }
  return count;
}

/** What a rule matches besides its peer. */
export interface ServiceBox {
  readonly protocols: Span;
  /** TCP and UDP: destination port; ICMP: type * 256 + code; other protocols: everything. */
  readonly details: Span;
}

export const ALL_PROTOCOL_NUMBERS: Span = { from: 0, to: 256 };
export const ALL_DETAILS: Span = { from: 0, to: 65536 };

export function serviceBox({ protocol, ports, icmp }: ServiceMatch): ServiceBox {
  const protocols = protocol === ALL_PROTOCOLS ? ALL_PROTOCOL_NUMBERS : { from: protocol, to: protocol + 1 };
  if (ports) return { protocols, details: { from: ports.from, to: ports.to + 1 } };
  if (!icmp) return { protocols, details: ALL_DETAILS };
  const first = icmp.type * 256 + Math.max(icmp.code, 0);
  return { protocols, details: { from: first, to: first + (icmp.code < 0 ? 256 : 1) } };
}

/** Traffic as a box: services and the peer's addresses of one family. Every rule of AWS is one region a family. */
export interface Region extends ServiceBox {
  readonly addresses: AddressSet;
}

/**
 * Takes each of the other regions from the target, in order. `used`: the indexes of those that took something (of a network
 * ACL's earlier entries: those that decide part of the target). `rest`: what none of them took.
 */
export function subtractRegions(target: Region, others: readonly Region[]): { used: number[]; rest: Region[] } {
  const used = new Set<number>();
  const rest: Region[] = [];
  for (const cell of cells(target, others)) {
    const { left, taken } = takeTurns(target.addresses, others, cell.holding);
    for (const index of taken) used.add(index);
    if (left.length > 0) rest.push({ protocols: cell.protocols, details: cell.details, addresses: left });
  }
  return { used: [...used].sort((a, b) => a - b), rest };
}

/** The indexes of the regions that together contain the target, null when they do not. Stops at the first gap. */
export function covering(target: Region, others: readonly Region[]): number[] | null {
  const used = new Set<number>();
  for (const cell of cells(target, others)) {
    const { left, taken } = takeTurns(target.addresses, others, cell.holding);
    if (left.length > 0) return null;
    for (const index of taken) used.add(index);
  }
  return [...used].sort((a, b) => a - b);
}

function takeTurns(addresses: AddressSet, others: readonly Region[], holding: readonly number[]) {
  let left = addresses;
  const taken: number[] = [];
  for (const index of holding) {
    if (left.length === 0) break;
    const next = subtract(left, others[index].addresses);
    if (!isSame(left, next)) taken.push(index);
    left = next;
  }
  return { left, taken };
}

interface ServiceCell extends ServiceBox {
  /** Indexes of the other regions that hold the whole cell; none of the others touches it. */
  readonly holding: readonly number[];
}

/** The rectangle of the target cut along the edges of the others. */
function* cells(target: Region, others: readonly Region[]): Generator<ServiceCell> {
  const touching = others.flatMap((other, index) =>
    meets(target.protocols, other.protocols) && meets(target.details, other.details) ? index : [],
  );
  const cut = (axis: keyof ServiceBox, by: readonly number[]): Span[] =>
    cutSpan(
      target[axis],
      by.map((index) => others[index][axis]),
    );
  for (const protocols of cut("protocols", touching)) {
    const inProtocol = touching.filter((index) => meets(protocols, others[index].protocols));
    for (const details of cut("details", inProtocol)) {
      yield { protocols, details, holding: inProtocol.filter((index) => meets(details, others[index].details)) };
    }
  }
}

function cutSpan(span: Span, by: readonly Span[]): Span[] {
  const edges = by.flatMap(({ from, to }) => [from, to]).filter((edge) => edge > span.from && edge < span.to);
  return stretches([span.from, ...edges, span.to]);
}
