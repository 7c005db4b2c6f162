import { parsePrefix } from "../../../src/net/parse.ts";
import { holdsPrefix } from "../../../src/net/prefixes.ts";
import type { Configuration } from "./network.ts";
import type { Fields, LogText } from "./records.ts";

type Json = Readonly<Record<string, unknown>>;

/** Every id of the kinds that AWS gives out, by another one: in the opposite order, so that nothing rests on their order. */
export function renamed(text: string): string {
  return text.replaceAll(/\b(sgr|sg|eni|acl|subnet|vpc|pl|rtb|tgw|pcx|igw)-([0-9a-z]+)\b/g, (_, kind, name: string) => {
    const other = [...name].map((char) => {
      const digit = Number.parseInt(char, 36);
      return Number.isNaN(digit) ? char : (35 - digit).toString(36);
    });
    return `${kind}-x${other.join("")}`;
  });
}

/** Two numbers in a row whose entries match nothing in common, exchanged; null where the list has no such pair. */
export function swapApart(
  entries: readonly Json[],
  at: number,
): { entries: Json[]; ids: ReadonlyMap<string, string> } | null {
  const ordered = [...entries].sort((a, b) => Number(a.RuleNumber) - Number(b.RuleNumber));
  const pairs = (["ingress", "egress"] as const).flatMap((direction) => {
    const list = ordered.filter((entry) => entry.Egress === (direction === "egress"));
    return list
      .slice(1)
      .flatMap((second, index) => (apart(list[index], second) ? [{ first: list[index], second, direction }] : []));
  });
  if (pairs.length === 0) return null;
  const { first, second, direction } = pairs[at % pairs.length];
  const [one, other] = [`${direction}/${String(first.RuleNumber)}`, `${direction}/${String(second.RuleNumber)}`];
  return {
    entries: entries.map((entry) =>
      entry === first
        ? { ...entry, RuleNumber: second.RuleNumber }
        : entry === second
          ? { ...entry, RuleNumber: first.RuleNumber }
          : entry,
    ),
    ids: new Map([
      [one, other],
      [other, one],
    ]),
  };
}

function apart(one: Json, other: Json): boolean {
  const blocks = [one, other].map((entry) => parsePrefix((entry.CidrBlock ?? entry.Ipv6CidrBlock) as string)!.prefix);
  if (!holdsPrefix(blocks[0], blocks[1]) && !holdsPrefix(blocks[1], blocks[0])) return true;
  if (one.Protocol === "-1" || other.Protocol === "-1") return false;
  if (one.Protocol !== other.Protocol) return true;
  const [a, b] = [one.PortRange, other.PortRange] as ({ From: number; To: number } | undefined)[];
  return a !== undefined && b !== undefined && (a.To < b.From || b.To < a.From);
}

/** Records of at least four packets, all of one length, as two that follow each other. */
export function split({ fields, records }: LogText): LogText {
  return { fields, records: records.flatMap(halves) };
}

/** Were lengths to change, an ICMP record might get one that only pings have, and mean something else. */
export const isSplit = ({ packets, bytes }: Fields): boolean =>
  Number(packets) >= 4 && Number(bytes) % Number(packets) === 0;

function halves(record: Fields): Fields[] {
  if (!isSplit(record)) return [record];
  const [packets, bytes] = [Number(record.packets), Number(record.bytes)];
  const middle = Math.floor((Number(record.start) + Number(record.end)) / 2);
  const half = (share: number): Fields => ({
    ...record,
    packets: String(share),
    bytes: String((share * bytes) / packets),
  });
  const first = Math.floor(packets / 2);
  return [
    { ...half(first), end: String(middle) },
    { ...half(packets - first), start: String(middle) },
  ];
}

/** The configuration with another group rule behind the others. */
export function withRule(one: Configuration, rule: Json): Configuration {
  return { ...one, rules: [...one.rules, rule] };
}
