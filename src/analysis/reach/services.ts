import { hasPorts, isIcmp, protocolName } from "../../net/protocols.ts";
import { ALL_DETAILS, ALL_PROTOCOL_NUMBERS, type Span } from "../lint/boxes.ts";

/** Protocols with the same details: ports of TCP and UDP, type * 256 + code of ICMP, everything of the others. */
interface Slice {
  readonly protocols: Span;
  /** Ascending, disjoint, not touching; never empty. */
  readonly details: readonly Span[];
}

/** A set of services: slices in ascending order of protocol. Equal sets are equal as JSON. */
export type ServiceSet = readonly Slice[];

export const NO_SERVICES: ServiceSet = [];
export const ALL_SERVICES: ServiceSet = [{ protocols: ALL_PROTOCOL_NUMBERS, details: [ALL_DETAILS] }];

/** What one rule matches besides its peer. */
export function serviceSet(box: { readonly protocols: Span; readonly details: Span }): ServiceSet {
  return [{ protocols: box.protocols, details: [box.details] }];
}

export function uniteServices(a: ServiceSet, b: ServiceSet): ServiceSet {
  return combine(a, b, (inA, inB) => inA || inB);
}

export function intersectServices(a: ServiceSet, b: ServiceSet): ServiceSet {
  if (a === ALL_SERVICES) return b;
  if (b === ALL_SERVICES) return a;
  return combine(a, b, (inA, inB) => inA && inB);
}

export function subtractServices(a: ServiceSet, b: ServiceSet): ServiceSet {
  return b.length === 0 ? a : combine(a, b, (inA, inB) => inA && !inB);
}

/** Is the protocol with the port in the set? Of ICMP any type will do: records carry none. */
export function holdsService(set: ServiceSet, protocol: number, port: number): boolean {
  const slice = set.find(({ protocols }) => protocol >= protocols.from && protocol < protocols.to);
  if (!slice) return false;
  return !hasPorts(protocol) || slice.details.some(({ from, to }) => port >= from && port < to);
}

function combine(a: ServiceSet, b: ServiceSet, keep: (inA: boolean, inB: boolean) => boolean): ServiceSet {
  const result: Slice[] = [];
  for (const protocols of cells([...a, ...b].map((slice) => slice.protocols))) {
    const [left, right] = [detailsAt(a, protocols.from), detailsAt(b, protocols.from)];
    const details = merge(
      cells([...left, ...right]).filter((cell) => keep(holdsCell(left, cell), holdsCell(right, cell))),
    );
    if (details.length === 0) continue;
    const last = result.at(-1);
    if (last?.protocols.to === protocols.from && sameSpans(last.details, details)) {
      result[result.length - 1] = { protocols: { from: last.protocols.from, to: protocols.to }, details };
    } else result.push({ protocols, details });
  }
  return result;
}

/** The stretches between neighbouring edges of the spans. */
function cells(spans: readonly Span[]): Span[] {
  const edges = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((x, y) => x - y);
  return edges.slice(1).map((to, at) => ({ from: edges[at], to }));
}

function detailsAt(set: ServiceSet, protocol: number): readonly Span[] {
  return set.find(({ protocols }) => protocol >= protocols.from && protocol < protocols.to)?.details ?? [];
}

function holdsCell(spans: readonly Span[], cell: Span): boolean {
  return spans.some(({ from, to }) => cell.from >= from && cell.to <= to);
}

function merge(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last?.to === span.from) result[result.length - 1] = { from: last.from, to: span.to };
    else result.push(span);
  }
  return result;
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  return a.length === b.length && a.every(({ from, to }, at) => from === b[at].from && to === b[at].to);
}

/**
 * A set in the words of rules, a part each: `tcp 22`, `tcp 8000-8010`, `icmp 8/0`, `all`, `gre`, `protocols 0-5`. A
 * protocol that takes its ports from a slice of many (everything but ...) stands by itself.
 */
export function serviceTexts(set: ServiceSet): string[] {
  const texts: string[] = [];
  for (const { protocols, details } of set) {
    const whole = details.length === 1 && details[0].from === ALL_DETAILS.from && details[0].to === ALL_DETAILS.to;
    if (protocols.from === 0 && protocols.to === 256 && whole) texts.push("all");
    else if (protocols.to - protocols.from > 1 && whole) texts.push(`protocols ${protocols.from}-${protocols.to - 1}`);
    else {
      for (let protocol = protocols.from; protocol < protocols.to; protocol++) {
        const name = protocolName(protocol);
        if (whole || (!hasPorts(protocol) && !isIcmp(protocol))) texts.push(name);
        else texts.push(...details.map((span) => `${name} ${hasPorts(protocol) ? portText(span) : icmpText(span)}`));
      }
    }
  }
  return texts;
}

function portText({ from, to }: Span): string {
  return to - from === 1 ? String(from) : `${from}-${to - 1}`;
}

/** Type, or type/code; a stretch of them by its ends. */
function icmpText({ from, to }: Span): string {
  const one = (at: number): string => `${at >> 8}/${at & 255}`;
  if (to - from === 1) return one(from);
  if (from % 256 === 0 && to % 256 === 0) {
    return to - from === 256 ? String(from >> 8) : `${from >> 8}-${(to >> 8) - 1}`;
  }
  return `${one(from)}-${one(to - 1)}`;
}
