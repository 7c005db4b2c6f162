import { isIPv4 } from "node:net";

/** An address as a number and its width in bits (32 or 128). */
export interface Address {
  readonly value: bigint;
  readonly width: number;
}

const known = new Map<string, Address>();

/** Parses IPv4 and IPv6 text (without dotted tails); remembers what it has parsed. */
export function address(text: string): Address {
  let found = known.get(text);
  if (!found) {
    found = isIPv4(text)
      ? { value: text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n), width: 32 }
      : { value: groups(text).reduce((sum, part) => sum * 65_536n + BigInt(part), 0n), width: 128 };
    known.set(text, found);
  }
  return found;
}

function groups(text: string): number[] {
  const parse = (part: string): number[] => (part === "" ? [] : part.split(":").map((one) => parseInt(one, 16)));
  const [head, tail] = text.split("::");
  if (tail === undefined) return parse(head);
  const [left, right] = [parse(head), parse(tail)];
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

/** A test for addresses inside a CIDR block; a block contains addresses of its own family only. */
export function containedIn(block: string): (text: string) => boolean {
  const [base, length] = block.split("/");
  const { value, width } = address(base);
  const shift = BigInt(width - Number(length));
  return (text) => {
    const one = address(text);
    return one.width === width && one.value >> shift === value >> shift;
  };
}
