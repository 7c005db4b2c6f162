/** Length of `2024-12-20T18:23:02.000Z `, which CloudWatch Logs writes before each message it exports to S3. */
export const EVENT_TIME_BYTES = 25;

// 0: a digit
const SHAPE = Uint8Array.from("0000-00-00T00:00:00.000Z ", (char) => (char === "0" ? 0 : char.charCodeAt(0)));

export function isEventTime(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < EVENT_TIME_BYTES; index++) {
    const byte = bytes[at + index];
    if (SHAPE[index] === 0 ? (byte - 48) >>> 0 > 9 : byte !== SHAPE[index]) return false;
  }
  return true;
}
