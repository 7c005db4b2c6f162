import { formatPrefix, type Prefix } from "../../net/address.ts";
import { bitsOf, hostPrefix, parseAddress, parsePrefix } from "../../net/parse.ts";

/** What the investigation is about, as far as its text tells. */
export type Subject =
  | { readonly kind: "address" | "block"; readonly id: string; readonly prefix: Prefix }
  | { readonly kind: "interface" | "instance" | "group" | "rule"; readonly id: string };

/** Null for a text that is none of them. Host bits of a block fall away, as in a configuration. */
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

/** First and last address of a block as SQL takes them: a number for IPv4, digits for IPv6. */
export function bounds({ words, family, length }: Prefix): Readonly<Record<"low" | "high", string>> {
  const low = words.reduce((value, word) => (value << 32n) | BigInt(word >>> 0), 0n);
  return { low: String(low), high: String(low + (1n << BigInt(bitsOf(family) - length)) - 1n) };
}
