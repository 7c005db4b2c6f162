/** A small deterministic generator (xorshift32): the same seed gives the same objects on every machine. */
export interface Random {
  /** An integer in [0, below). */
  below(below: number): number;
}

export function createRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return {
    below(below) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return Math.floor(((state >>> 0) / 0x100000000) * below);
    },
  };
}

/** An AWS-style id: the prefix and 17 hexadecimal digits that follow from the seed, the prefix and the number. */
export function idOf(seed: number, prefix: string, number: number): string {
  let hash = Math.imul(seed + 1, 0x85ebca6b) ^ Math.imul(number + 1, 0x9e3779b1);
  for (let index = 0; index < prefix.length; index++) hash = Math.imul(hash ^ prefix.charCodeAt(index), 0x01000193);
  const low = (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (hash << 7)) >>> 0;
  // The number itself keeps ids apart.
  return `${prefix}-0${low.toString(16).padStart(8, "0")}${number.toString(16).padStart(8, "0")}`;
}
