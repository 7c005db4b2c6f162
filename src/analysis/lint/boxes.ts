import { IPV4, type Prefix } from "../../net/address.ts";

/** Address bounds: numbers for IPv4, bigints for IPv6. Only compared, so one set never mixes them. */
type Bound = number | bigint;

/** Half-open: `from <= address < to`. */
interface Interval {
  readonly from: Bound;
  readonly to: Bound;
}

/** Ascending, disjoint, not touching. */
export type AddressSet = readonly Interval[];

/** Half-open range of small numbers. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Traffic as a box: protocols, what the protocol adds (TCP and UDP: destination port; ICMP: type * 256 + code; else
 * everything), and peer addresses of one family. Every rule of AWS is one box per family.
 */
export interface Region {
  readonly protocols: Span;
  readonly details: Span;
  readonly addresses: AddressSet;
}

export const ALL_PROTOCOL_NUMBERS: Span = { from: 0, to: 256 };
export const ALL_DETAILS: Span = { from: 0, to: 65536 };

export function prefixInterval(prefix: Prefix): Interval {
  if (prefix.family === IPV4) return { from: prefix.words[0], to: prefix.words[0] + 2 ** (32 - prefix.length) };
  const from = prefix.words.reduce((value, word) => (value << 32n) | BigInt(word), 0n);
  return { from, to: from + (1n << BigInt(128 - prefix.length)) };
}

export function addressSet(intervals: readonly Interval[]): AddressSet {
  const sorted = intervals.toSorted((a, b) => (a.from < b.from ? -1 : Number(a.from > b.from)));
  const merged: Interval[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last && next.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: last.to > next.to ? last.to : next.to };
    else merged.push(next);
  }
  return merged;
}

export function subtractAddresses(left: AddressSet, right: AddressSet): AddressSet {
  const rest: Interval[] = [];
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

export function intersects(left: AddressSet, right: AddressSet): boolean {
  return left.some((a) => right.some((b) => a.from < b.to && b.from < a.to));
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

/**
 * Takes the regions of `others` in turn from `target`. `used` are the indexes of those that took something (for
 * a network ACL's earlier entries: those that decide part of the target), `rest` is what nobody took.
 */
export function subtract(target: Region, others: readonly Region[]): { used: number[]; rest: Region[] } {
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

function takeTurns(
  addresses: AddressSet,
  others: readonly Region[],
  holding: readonly number[],
): { left: AddressSet; taken: number[] } {
  let left = addresses;
  const taken: number[] = [];
  for (const index of holding) {
    if (left.length === 0) break;
    const next = subtractAddresses(left, others[index].addresses);
    if (!sameSet(left, next)) taken.push(index);
    left = next;
  }
  return { left, taken };
}

interface Cell {
  readonly protocols: Span;
  readonly details: Span;
  /** Indexes of the other regions that hold the whole cell; none of the others touches it. */
  readonly holding: readonly number[];
}

/** The rectangle of the target cut along the edges of the others. */
function* cells(target: Region, others: readonly Region[]): Generator<Cell> {
  const touching = others.flatMap((other, index) =>
    meets(target.protocols, other.protocols) && meets(target.details, other.details) ? index : [],
  );
  for (const protocols of cut(
    target.protocols,
    touching.map((index) => others[index].protocols),
  )) {
    const inProtocol = touching.filter((index) => meets(protocols, others[index].protocols));
    for (const details of cut(
      target.details,
      inProtocol.map((index) => others[index].details),
    )) {
      yield { protocols, details, holding: inProtocol.filter((index) => meets(details, others[index].details)) };
    }
  }
}

function meets(a: Span, b: Span): boolean {
  return a.from < b.to && b.from < a.to;
}

function cut(span: Span, by: readonly Span[]): Span[] {
  const edges = by.flatMap(({ from, to }) => [from, to]).filter((edge) => edge > span.from && edge < span.to);
  const bounds = [...new Set([span.from, ...edges, span.to])].sort((a, b) => a - b);
  return bounds.slice(1).map((to, index) => ({ from: bounds[index], to }));
}

function sameSet(a: AddressSet, b: AddressSet): boolean {
  return a.length === b.length && a.every(({ from, to }, index) => from === b[index].from && to === b[index].to);
}
