import { type Address, type Family, IPV4, IPV6, type Prefix } from "./address.ts";

const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;

/** An address block; `exact` is false when the text had host bits, which are now zero. */
export interface ParsedPrefix {
  readonly prefix: Prefix;
  readonly exact: boolean;
}

/**
 * An IPv4 or IPv6 address from its text (RFC 4291 section 2.2); null for any other text. A zone (`fe80::1%eth0`) is refused:
 * it names an interface of one host, and no flow or rule has one. A large model has some hundred thousand addresses, so each
 * is read in one pass; `ip-num` took 3 us for one (test/bench/README.md, "A hundred thousand interfaces"). The test holds this
 * parser against `ip-num` and `node:net`.
 */
export function parseAddress(text: string): Address | null {
  if (text.includes(":")) {
    const words = readIpv6(text);
    return words && { family: IPV6, words };
  }
  const word = readIpv4(text, 0);
  return word < 0 ? null : { family: IPV4, words: [word] };
}

/** An address block `address/length` in canonical form; null for any other text. */
export function parsePrefix(text: string): ParsedPrefix | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const address = parseAddress(text.slice(0, slash));
  const suffix = text.slice(slash + 1);
  if (!address || !PREFIX_LENGTH.test(suffix)) return null;
  const length = Number(suffix);
  if (length > bitsOf(address.family)) return null;
  const words = maskWords(address.words, length);
  const exact = words.every((word, index) => word === address.words[index]);
  return { prefix: { family: address.family, words, length }, exact };
}

/** The address as a block of its own: /32 or /128. */
export function hostPrefix(address: Address): Prefix {
  return { family: address.family, words: address.words, length: bitsOf(address.family) };
}

export function bitsOf(family: Family): number {
  return family === IPV4 ? 32 : 128;
}

export function maskWords(words: readonly number[], length: number): number[] {
  return words.map((word, index) => {
    const bits = length - index * 32;
    if (bits >= 32) return word;
    return bits <= 0 ? 0 : (word & ~(0xffffffff >>> bits)) >>> 0;
  });
}

const COLON = 58;
const DOT = 46;
const NINE = 57;
const ZERO = 48;

/** Word of the dotted quad that begins at `from` and ends with the text; -1 for any other text. No leading zeros. */
function readIpv4(text: string, from: number): number {
  let word = 0;
  let octet = -1;
  let octets = 0;
  for (let at = from; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : DOT;
    if (code === DOT) {
      if (octet < 0 || octet > 255) return -1;
      word = word * 256 + octet;
      octet = -1;
      octets++;
    } else {
      if (code < ZERO || code > NINE || octet === 0) return -1;
      octet = octet < 0 ? code - ZERO : octet * 10 + code - ZERO;
    }
  }
  return octets === 4 ? word : -1;
}

const groups = new Uint16Array(8);

/** The four words of an IPv6 address; null for any other text. */
function readIpv6(text: string): number[] | null {
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (count === 8) return null;
    const start = at;
    let group = 0;
    for (; at < text.length; at++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (text.charCodeAt(at) === DOT) {
      const word = readIpv4(text, start);
      if (word < 0 || count > 6) return null;
      groups[count++] = word >>> 16;
      groups[count++] = word;
      break;
    }
    if (at === start || at > start + 4) return null;
    groups[count++] = group;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== COLON || at === text.length) return null;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return null;
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count < 8 : count > 7) return null;
  if (gap >= 0) {
    groups.copyWithin(gap + 8 - count, gap, count);
    groups.fill(0, gap, gap + 8 - count);
  }
  return [wordAt(0), wordAt(2), wordAt(4), wordAt(6)];
}

function wordAt(group: number): number {
  return groups[group] * 65_536 + groups[group + 1];
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
