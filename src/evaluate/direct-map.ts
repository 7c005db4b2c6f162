/**
 * A small direct-mapped cache from three numbers to a number: one look, no search; a new key takes the place of an old one.
 * It stands before a table that knows everything, where the same few keys are asked again and again.
 */
export class DirectMap {
  private readonly places: Int32Array;
  private readonly shift: number;

  /** `bits`: binary logarithm of the number of places. Values are 0 to 2^31 - 1. */
  constructor(bits: number) {
    this.places = new Int32Array(4 << bits).fill(-1);
    this.shift = 32 - bits;
  }

  /** The value of a key, or -1. */
  get(a: number, b: number, c: number): number {
    const { places } = this;
    const at = placeOf(a, b, c, this.shift);
    if (places[at] === (a | 0) && places[at + 1] === (b | 0) && places[at + 2] === (c | 0)) return places[at + 3];
    return -1;
  }

  set(a: number, b: number, c: number, value: number): void {
    const { places } = this;
    const at = placeOf(a, b, c, this.shift);
    places[at] = a;
    places[at + 1] = b;
    places[at + 2] = c;
    places[at + 3] = value;
  }

  clear(): void {
    this.places.fill(-1);
  }
}

function placeOf(a: number, b: number, c: number, shift: number): number {
  const hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  return (Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) >>> shift) << 2;
}
