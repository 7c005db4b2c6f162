import { createCipheriv } from "node:crypto";
import { type Address, type Family, IPV4, IPV6, type Prefix, prefixContains } from "../../net/address.ts";
import { bitsOf, maskWords, parsePrefix } from "../../net/parse.ts";
import type { DeriveKey } from "./secret.ts";

/**
 * Blocks that keep their own bits, so that private stays private and everything else stays out of it (RFC 1918, RFC 6598,
 * RFC 4193, RFC 4291): below them addresses are mapped like any other.
 */
const KEPT_BLOCKS = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
  "fe80::/10",
  "2000::/3",
];

/** Blocks that stay whole, because their addresses mean the same everywhere (RFC 6890; AWS link-local services). */
const KEPT_WHOLE = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "ff00::/8", "fd00:ec2::/32"];

/** IPv4 within IPv6 (RFC 4291 section 2.5.5.2, RFC 6052): the last 32 bits are mapped as IPv4. */
const EMBEDDING = ["::ffff:0:0/96", "64:ff9b::/96"];

/** Maps addresses and blocks one-to-one onto others of the same family. */
export interface AddressMap {
  address(address: Address): Address;
  prefix(prefix: Prefix): Prefix;
}

/**
 * Prefix-preserving: two addresses share their first n bits exactly when their pseudonyms do. The scheme of Crypto-PAn
 * (Xu, Fan, Ammar, Moon: Prefix-Preserving IP Address Anonymization, ICNP 2002): bit i is flipped by one bit of AES over
 * the i bits before it. Where a kept block is still ahead, nothing is flipped.
 */
export function createAddressMap(deriveKey: DeriveKey): AddressMap {
  const maps = { [IPV4]: createFlips(IPV4, deriveKey), [IPV6]: createFlips(IPV6, deriveKey) };
  const embedding = blocks(EMBEDDING, IPV6);
  const map = (family: Family, words: readonly number[]): number[] => {
    if (family === IPV6 && embedding.some((block) => prefixContains(block, words))) {
      return [...words.slice(0, 3), ...map(IPV4, words.slice(3))];
    }
    const flips = maps[family](words);
    return words.map((word, at) => (word ^ flips[at]) >>> 0);
  };
  return {
    address: ({ family, words }) => ({ family, words: map(family, words) }),
    prefix: ({ family, words, length }) => ({ family, words: maskWords(map(family, words), length), length }),
  };
}

/** Which bits of an address to flip, as words. */
function createFlips(family: Family, deriveKey: DeriveKey): (words: readonly number[]) => number[] {
  const bits = bitsOf(family);
  const cipher = createCipheriv("aes-128-ecb", deriveKey(`address ${family}`, 16), null).setAutoPadding(false);
  const ahead = blocks([...KEPT_BLOCKS, ...KEPT_WHOLE, ...EMBEDDING], family);
  const whole = blocks(KEPT_WHOLE, family);
  const known = new Map<string, number[]>();
  return (words) => {
    const key = words.join(".");
    let flips = known.get(key);
    if (flips === undefined)
      known.set(
        key,
        (flips = whole.some((block) => prefixContains(block, words)) ? words.map(() => 0) : flipsOf(words)),
      );
    return flips;
  };

  function flipsOf(words: readonly number[]): number[] {
    const input = Buffer.alloc(bits * 16);
    for (let bit = 0; bit < bits; bit++) writePrefix(input, bit * 16, words, bit);
    const output = cipher.update(input);
    const flips = words.map(() => 0);
    for (let bit = 0; bit < bits; bit++) {
      if (output[bit * 16] & 128 && !ahead.some((block) => bit < block.length && sameBits(block, words, bit))) {
        flips[bit >> 5] |= 1 << (31 - (bit & 31));
      }
    }
    return flips;
  }
}

/**
 * The first `bits` bits of the address, a one, and zeros, in a block of 16 bytes: every prefix has an input of its own.
 * (Crypto-PAn fills up with a secret pad, so that prefixes that go on like the pad share theirs and flip alike.)
 */
function writePrefix(block: Buffer, at: number, words: readonly number[], bits: number): void {
  for (let byte = 0; byte * 8 <= bits; byte++) {
    const own = (words[byte >> 2] >>> (24 - (byte & 3) * 8)) & 255;
    const left = bits - byte * 8;
    block[at + byte] = left >= 8 ? own : (own & ~(255 >>> left)) | (128 >>> left);
  }
}

function sameBits(block: Prefix, words: readonly number[], length: number): boolean {
  return prefixContains({ ...block, length }, words);
}

function blocks(texts: readonly string[], family: Family): Prefix[] {
  return texts.map((text) => parsePrefix(text)!.prefix).filter((block) => block.family === family);
}
