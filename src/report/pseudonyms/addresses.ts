import { createCipheriv, createHmac, hkdfSync } from "node:crypto";
import { AppError } from "../../errors.ts";
import { type Address, type Family, IPV4, IPV6, type Prefix, prefixContains } from "../../net/address.ts";
import { bitsOf, maskWords, parsePrefix } from "../../net/parse.ts";

/**
 * Blocks whose prefix bits stay, so that private addresses stay private and no other address becomes private (RFC 1918,
 * RFC 6598, RFC 4193, RFC 4291). The other bits are mapped.
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

/** Blocks whose addresses stay, because they mean the same everywhere (RFC 6890; AWS link-local services). */
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
 * the i bits before it. Bits that are part of a kept block are not flipped.
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
 * The first `bits` bits of the address, a one, and zeros, in a block of 16 bytes, so that every prefix has its own input.
 * (Crypto-PAn uses a secret pad instead, so that prefixes that continue like the pad share an input.)
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

const ROUNDS = 10;
const HEX = "0123456789abcdef";
const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/**
 * A keyed permutation of the texts of one length over an alphabet: different texts have different pseudonyms, of the same
 * length and letters. A Feistel network of the shape of FF1 (NIST SP 800-38G) with HMAC-SHA256 as its round function;
 * `kind` separates permutations.
 */
function permute(key: Buffer, kind: string, text: string, alphabet: string): string {
  const radix = BigInt(alphabet.length);
  const half = text.length >> 1;
  let left = text.slice(0, half);
  let right = text.slice(half);
  for (let round = 0; round < ROUNDS; round++) {
    const hash = createHmac("sha256", key)
      .update(`${kind} ${alphabet.length} ${text.length} ${round} ${right}`)
      .digest("hex");
    const sum = (toNumber(left, alphabet) + BigInt(`0x${hash}`)) % radix ** BigInt(left.length);
    [left, right] = [right, toText(sum, left.length, alphabet)];
  }
  return left + right;
}

/** A decimal text of the same length. */
export function permuteDecimal(key: Buffer, kind: string, text: string): string {
  return permute(key, kind, text, HEX.slice(0, 10));
}

/**
 * The variable part of an id. Hexadecimal stays hexadecimal, as in AWS ids. Other texts of lower-case letters and digits are
 * permuted until the result is not hexadecimal.
 */
export function permuteId(key: Buffer, kind: string, text: string): string {
  if (isHex(text)) return permute(key, kind, text, HEX);
  let permuted = permute(key, kind, text, LETTERS);
  while (isHex(permuted)) permuted = permute(key, kind, permuted, LETTERS);
  return permuted;
}

function isHex(text: string): boolean {
  return /^[0-9a-f]*$/.test(text);
}

function toNumber(text: string, alphabet: string): bigint {
  let value = 0n;
  for (const letter of text) value = value * BigInt(alphabet.length) + BigInt(alphabet.indexOf(letter));
  return value;
}

function toText(value: bigint, length: number, alphabet: string): string {
  let text = "";
  let rest = value;
  for (let at = 0; at < length; at++) {
    text = alphabet[Number(rest % BigInt(alphabet.length))] + text;
    rest /= BigInt(alphabet.length);
  }
  return text;
}

/** Shorter secrets can be guessed, and the secret reverses every pseudonym. */
const LEAST_BYTES = 16;

/** Keys for separate uses, so that one key reveals nothing about another. */
export type DeriveKey = (use: string, bytes: number) => Buffer;

/** HKDF-SHA256 (RFC 5869) over the trimmed content of the secret file. Throws `E_USAGE` if it is too short. */
export function deriveKeys(content: Uint8Array, name: string): DeriveKey {
  const secret = Buffer.from(content).toString("latin1").trim();
  if (secret.length < LEAST_BYTES) {
    throw new AppError("E_USAGE", `${name} holds ${secret.length} bytes; a secret needs at least ${LEAST_BYTES}`, {
      hint: "make one with: head -c 32 /dev/urandom | base64 > secret.txt",
    });
  }
  return (use, bytes) =>
    Buffer.from(hkdfSync("sha256", Buffer.from(secret, "latin1"), "flowreplay pseudonyms 1", use, bytes));
}
