import type { Reading, ReadingTable } from "./reading.ts";
import { WordMemo } from "./word-memo.ts";

// Properties of a reading, as bits.
export const UNFILTERED = 1;
export const SAME_SUBNET = 2;
export const NO_ACL = 4;
export const OTHER_SNAPSHOT = 8;
export const ADDRESS_MISSING = 16;
export const ADDRESS_ELSEWHERE = 32;
const FLAG_BITS = 6;

export interface ReadingMemo {
  /** Number of the reading made of these parts; `flags` are the bits above, the last four are places of matches. */
  intern(
    snapshot: number,
    flags: number,
    direction: number,
    naclIn: number,
    naclOut: number,
    sgIfLocal: number,
    sgIfRemote: number,
  ): number;
  withOthers(reading: number, others: readonly number[]): number;
}

/** Numbers to readings without building an object per record. */
export function createReadingMemo(table: ReadingTable): ReadingMemo {
  const memo = new WordMemo(6);
  const { key } = memo;
  return {
    intern(snapshot, flags, direction, naclIn, naclOut, sgIfLocal, sgIfRemote) {
      key[0] = (snapshot << FLAG_BITS) | flags;
      key[1] = direction;
      key[2] = naclIn;
      key[3] = naclOut;
      key[4] = sgIfLocal;
      key[5] = sgIfRemote;
      const known = memo.find();
      if (known >= 0) return known;
      const reading = toReading(snapshot, flags, direction, naclIn, naclOut, sgIfLocal, sgIfRemote);
      const added = table.internReading(reading);
      memo.add(added);
      return added;
    },
    withOthers: (reading, others) => table.internReading({ ...table.readings[reading], others }),
  };
}

function toReading(
  snapshot: number,
  flags: number,
  direction: number,
  naclIn: number,
  naclOut: number,
  sgIfLocal: number,
  sgIfRemote: number,
): Reading {
  return {
    snapshot,
    interfaceKnown: flags & OTHER_SNAPSHOT ? "other_snapshot" : "in_force",
    direction,
    local: flags & ADDRESS_MISSING ? "no_address" : flags & ADDRESS_ELSEWHERE ? "address_not_on_eni" : "known",
    unfiltered: (flags & UNFILTERED) !== 0,
    sameSubnet: (flags & SAME_SUBNET) !== 0,
    aclUnknown: (flags & NO_ACL) !== 0,
    naclIn,
    naclOut,
    sgIfLocal,
    sgIfRemote,
    others: [],
  };
}
