import { hasPorts, isIcmp, protocolName } from "../../net/protocols.ts";
import {
  ALL_DETAILS,
  ALL_PROTOCOL_NUMBERS,
  intersect,
  isSame,
  type ServiceBox,
  type Span,
  stretches,
  subtract,
  unite,
} from "../boxes.ts";

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
export function serviceSet({ protocols, details }: ServiceBox): ServiceSet {
  return [{ protocols, details: [details] }];
}

export function uniteServices(a: ServiceSet, b: ServiceSet): ServiceSet {
  return combine(a, b, (left, right) => unite([...left, ...right]));
}

export function intersectServices(a: ServiceSet, b: ServiceSet): ServiceSet {
  if (a === ALL_SERVICES) return b;
  if (b === ALL_SERVICES) return a;
  return combine(a, b, intersect);
}

export function subtractServices(a: ServiceSet, b: ServiceSet): ServiceSet {
  return b.length === 0 ? a : combine(a, b, subtract);
}

/** Is the protocol with the port in the set? For ICMP any type counts, because records carry none. */
export function holdsService(set: ServiceSet, protocol: number, port: number): boolean {
  const details = detailsAt(set, protocol);
  return hasPorts(protocol) ? details.some(({ from, to }) => port >= from && port < to) : details.length > 0;
}

function combine(
  a: ServiceSet,
  b: ServiceSet,
  detailsOf: (left: readonly Span[], right: readonly Span[]) => Span[],
): ServiceSet {
  const result: Slice[] = [];
  const edges = [...a, ...b].flatMap(({ protocols }) => [protocols.from, protocols.to]);
  for (const protocols of stretches(edges)) {
    const details = detailsOf(detailsAt(a, protocols.from), detailsAt(b, protocols.from));
    if (details.length === 0) continue;
    const last = result.at(-1);
    if (last?.protocols.to === protocols.from && isSame(last.details, details)) {
      result[result.length - 1] = { protocols: { from: last.protocols.from, to: protocols.to }, details };
    } else result.push({ protocols, details });
  }
  return result;
}

function detailsAt(set: ServiceSet, protocol: number): readonly Span[] {
  return set.find(({ protocols }) => protocol >= protocols.from && protocol < protocols.to)?.details ?? [];
}

/** A set in the words of rules, one text a part: `tcp 22`, `tcp 8000-8010`, `icmp 8/0`, `all`, `gre`, `protocols 0-5`. */
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

/** A whole type as `8`, a code of it as `8/0`; a range by its ends. */
function icmpText({ from, to }: Span): string {
  const one = (at: number): string => `${at >> 8}/${at & 255}`;
  if (to - from === 1) return one(from);
  if (from % 256 === 0 && to % 256 === 0) {
    return to - from === 256 ? String(from >> 8) : `${from >> 8}-${(to >> 8) - 1}`;
  }
  return `${one(from)}-${one(to - 1)}`;
}
