import { formatPrefix, type Prefix } from "../../net/address.ts";
import { bitsOf, hostPrefix, parseAddress, parsePrefix } from "../../net/parse.ts";

/** What the investigation is about. */
export type Subject =
  | { readonly kind: "address" | "block"; readonly id: string; readonly prefix: Prefix }
  | { readonly kind: "interface" | "instance" | "group" | "rule"; readonly id: string };

/** Null for any other text. Host bits of a block are dropped, as in a configuration. */
export function parseSubject(text: string): Subject | null {
  const address = parseAddress(text);
  if (address !== null) return ofPrefix(hostPrefix(address));
  const block = parsePrefix(text);
  if (block !== null) return ofPrefix(block.prefix);
  if (/^eni-[\w-]+$/.test(text)) return { kind: "interface", id: text };
  if (/^i-[\w-]+$/.test(text)) return { kind: "instance", id: text };
  if (/^sg-[\w-]+$/.test(text)) return { kind: "group", id: text };
  if (/^sgr-[\w-]+$/.test(text) || /^(?:sg|acl)-[\w-]+\/(?:ingress|egress)\/\S+$/.test(text)) {
    return { kind: "rule", id: text };
  }
  return null;
}

function ofPrefix(prefix: Prefix): Subject {
  const text = formatPrefix(prefix);
  return prefix.length === bitsOf(prefix.family)
    ? { kind: "address", id: text.slice(0, text.lastIndexOf("/")), prefix }
    : { kind: "block", id: text, prefix };
}

/** Unix seconds; null is open. */
export interface Period {
  readonly from: number | null;
  readonly until: number | null;
}

/** Whose records to read. Interfaces, instances and groups stand for their interfaces and the addresses of these. */
export interface SubjectRecords {
  readonly subject: Subject;
  readonly interfaceIds: readonly string[];
  /** Their numbers in the evidence file. */
  readonly interfaceIdx: readonly number[];
  readonly addresses: readonly string[];
}

/** First and last address of a block as decimal digits for SQL. */
export function bounds({ words, family, length }: Prefix): Readonly<Record<"low" | "high", string>> {
  const low = words.reduce((value, word) => (value << 32n) | BigInt(word >>> 0), 0n);
  return { low: String(low), high: String(low + (1n << BigInt(bitsOf(family) - length)) - 1n) };
}
