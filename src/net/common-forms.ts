const COLON = 58;
const DOT = 46;
const NINE = 57;
const ZERO = 48;

// What a model holds hundreds of thousands of, read in one pass. Both take only what is surely an address and leave every
// other text, valid or not, to the general parser (parse.ts).

/** Word of a dotted quad without leading zeros, -1 for any other text. */
export function commonIpv4(text: string): number {
  let word = 0;
  let octet = -1;
  let octets = 0;
  for (let at = 0; at <= text.length; at++) {
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

/** The four words of an IPv6 address in hexadecimal groups, one run of zeros left out or none; null for any other text. */
export function commonIpv6(text: string): number[] | null {
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
