import { type Family, IPV4, IPV6 } from "../net/address.ts";

const DOT = 46;
const COLON = 58;

/**
 * Reads the address whose text is `bytes[from, to)` into `words[at..]`: one word for IPv4, four for IPv6 (RFC 4291
 * section 2.2, all forms, embedded IPv4 included). Returns its family, 0 when the text is no address. A dotted quad
 * must not have leading zeros, which some programs take for octal.
 */
export function readAddress(bytes: Uint8Array, from: number, to: number, words: Uint32Array, at: number): Family | 0 {
  for (let index = from; index < to; index++) {
    if (bytes[index] === DOT) {
      const word = readQuad(bytes, from, to);
      words[at] = word;
      return word < 0 ? 0 : IPV4;
    }
    if (bytes[index] === COLON) return readGroups(bytes, from, to, words, at) ? IPV6 : 0;
  }
  return 0;
}

/** The dotted quad as an unsigned number, -1 when it is none. */
function readQuad(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  let index = from;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && bytes[index++] !== DOT) return -1;
    const start = index;
    let number = 0;
    for (; index < to && index < start + 3; index++) {
      const digit = bytes[index] - 48;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    if (index === start || number > 255 || (index > start + 1 && bytes[start] === 48)) return -1;
    value = value * 256 + number;
  }
  return index === to ? value : -1;
}

const groups = new Uint16Array(8);

function readGroups(bytes: Uint8Array, from: number, to: number, words: Uint32Array, at: number): boolean {
  let count = 0;
  let gap = -1;
  let index = from;
  if (bytes[index] === COLON) {
    if (index + 1 >= to || bytes[index + 1] !== COLON) return false;
    gap = 0;
    index += 2;
  }
  while (index < to) {
    if (count === 8) return false;
    const start = index;
    let value = 0;
    for (; index < to && index < start + 4; index++) {
      const digit = hexDigit(bytes[index]);
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (index < to && bytes[index] === DOT) {
      const quad = count > 6 ? -1 : readQuad(bytes, start, to);
      if (quad < 0) return false;
      groups[count++] = quad >>> 16;
      groups[count++] = quad & 0xffff;
      break;
    }
    if (index === start) return false;
    groups[count++] = value;
    if (index === to) break;
    if (bytes[index++] !== COLON || index === to) return false;
    if (bytes[index] === COLON) {
      if (gap >= 0) return false;
      gap = count;
      index++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  const missing = 8 - count;
  for (let word = 0; word < 4; word++) {
    words[at + word] = (groupAt(word * 2, gap, missing) << 16) | groupAt(word * 2 + 1, gap, missing);
  }
  return true;
}

function groupAt(position: number, gap: number, missing: number): number {
  if (gap < 0 || position < gap) return groups[position];
  return position < gap + missing ? 0 : groups[position - missing];
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
