import { createHmac } from "node:crypto";

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
 * The variable part of an id: hexadecimal stays hexadecimal, as AWS writes it. Other texts of small letters and digits
 * are permuted among themselves (again, until the result is not hexadecimal).
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
