/** The numbers are the `family` bits of a flow batch. */
export const IPV4 = 1;
export const IPV6 = 2;
export type Family = typeof IPV4 | typeof IPV6;

/** An address as 32-bit words, most significant first: one word for IPv4, four for IPv6. */
export interface Address {
  readonly family: Family;
  readonly words: readonly number[];
}

/** An address block in canonical form: host bits are zero. `length` is the prefix length in bits. */
export interface Prefix {
  readonly family: Family;
  readonly words: readonly number[];
  readonly length: number;
}

export const ALL_IPV4: Prefix = { family: IPV4, words: [0], length: 0 };
export const ALL_IPV6: Prefix = { family: IPV6, words: [0, 0, 0, 0], length: 0 };

/** Dotted quad of an unsigned 32-bit integer. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** Canonical text of an IPv6 address (RFC 5952: lower case, longest zero run of two or more groups compressed). */
export function formatIpv6(w0: number, w1: number, w2: number, w3: number): string {
  const groups = [w0 >>> 16, w0 & 0xffff, w1 >>> 16, w1 & 0xffff, w2 >>> 16, w2 & 0xffff, w3 >>> 16, w3 & 0xffff];
  let bestAt = -1;
  let bestLength = 1;
  for (let at = 0; at < 8;) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > bestLength) {
      bestAt = at;
      bestLength = end - at;
    }
    at = end + 1;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return bestAt < 0 ? hex(0, 8) : `${hex(0, bestAt)}::${hex(bestAt + bestLength, 8)}`;
}

export function formatAddress(address: Address): string {
  const [w0, w1, w2, w3] = address.words;
  return address.family === IPV4 ? formatIpv4(w0) : formatIpv6(w0, w1, w2, w3);
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** True when `prefix` contains the address whose words begin at `words[at]`; the families must be the same. */
export function prefixContains(prefix: Prefix, words: ArrayLike<number>, at = 0): boolean {
  let left = prefix.length;
  for (let index = 0; left > 0; index++, left -= 32) {
    const mask = left >= 32 ? 0xffffffff : ~(0xffffffff >>> left);
    if (((prefix.words[index] ^ words[at + index]) & mask) !== 0) return false;
  }
  return true;
}

/** True when the block holds the address; a block holds addresses of its own family only. */
export function holdsAddress(block: Prefix, address: Address): boolean {
  return block.family === address.family && prefixContains(block, address.words);
}

/** First address of an IPv4 block, and the one behind its last. */
export function ipv4Bounds({ words, length }: Prefix): readonly [number, number] {
  return [words[0], words[0] + 2 ** (32 - length)];
}

/** First address of an IPv6 block, and the one behind its last. */
export function ipv6Bounds({ words, length }: Prefix): readonly [bigint, bigint] {
  const first = words.reduce((value, word) => (value << 32n) | BigInt(word), 0n);
  return [first, first + (1n << BigInt(128 - length))];
}

/** The four words of an IPv6 address that is a number. */
export function ipv6Words(address: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffffffffn));
}
