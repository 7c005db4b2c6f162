/** A column to append: its values in the binary form of its type, and where it has nulls, one bit a row (1 = valid). */
export interface Column {
  readonly values: ArrayBufferView;
  readonly bytesPerValue: number;
  /** Valid bits of rows 0, 1, 2, … (least significant first); absent when no row is null. */
  readonly valid?: Uint8Array;
}

/** `width`: elements of the array that make a value, where it is wider than they are. */
export function columnOf(values: Uint8Array | Uint16Array | Uint32Array, width = 1): Column {
  return { values, bytesPerValue: values.BYTES_PER_ELEMENT * width };
}

/** Room for one bit a row, all null; `markValid` sets one. */
export function createValidity(rows: number): Uint8Array {
  return new Uint8Array(Math.ceil(rows / 8));
}

export function markValid(valid: Uint8Array, row: number): void {
  valid[row >> 3] |= 1 << (row & 7);
}

/** Unsigned 64-bit integers as two words each, least significant first; `numbers` are exact below 2^53. */
export function toUint64(numbers: Float64Array, rows: number, out: Uint32Array): Uint32Array {
  for (let row = 0; row < rows; row++) putUint64(numbers[row], out, row);
  return out;
}

/** One such integer, as row `row` of `out`. */
export function putUint64(value: number, out: Uint32Array, row: number): void {
  out[row * 2] = value >>> 0;
  out[row * 2 + 1] = value < 4_294_967_296 ? 0 : Math.floor(value / 4_294_967_296);
}
