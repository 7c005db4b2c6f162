import type { CompiledSnapshot } from "../policy/compile/compile.ts";
import { ACL_UNKNOWN } from "../policy/compile/interfaces.ts";
import { createMatcher, type Matcher } from "../policy/compile/matcher.ts";
import { classOf4 } from "../policy/compile/peer-classes.ts";
import { DirectMap } from "./direct-map.ts";
import type { ReadingTable } from "./reading.ts";

/** What a reader keeps of one snapshot. */
export interface SnapshotReader {
  readonly snapshot: CompiledSnapshot;
  readonly matcher: Matcher;
  /** Interfaces with the same filters have the same profile: their records share readings. */
  readonly profiles: Uint32Array;
  /** Readings by profile and direction, services, class of the peer. */
  readonly recent: DirectMap;
  readonly classOf: (address: number) => number;
}

export function createSnapshotReader(snapshot: CompiledSnapshot, table: ReadingTable): SnapshotReader {
  return {
    snapshot,
    matcher: createMatcher(snapshot, table.internMatch, table.matches),
    profiles: profilesOf(snapshot),
    recent: new DirectMap(14),
    classOf: rememberClasses(snapshot),
  };
}

function profilesOf({ interfaces }: CompiledSnapshot): Uint32Array {
  const profiles = new Uint32Array(interfaces.sgIngress.length);
  const numbers = new Map<string, number>();
  const { sgIngress, sgEgress, naclIngress, naclEgress, unfiltered, flags } = interfaces;
  for (let eni = 0; eni < profiles.length; eni++) {
    const filters = `${sgIngress[eni]},${sgEgress[eni]},${naclIngress[eni]},${naclEgress[eni]},${unfiltered[eni]}`;
    const key = `${filters},${flags[eni] & ACL_UNKNOWN}`;
    const known = numbers.get(key);
    if (known === undefined) numbers.set(key, numbers.size);
    profiles[eni] = known ?? numbers.size - 1;
  }
  return profiles;
}

const CLASS_BITS = 16;

/** `classOf4` with a direct-mapped memory of recent addresses: an address and its class + 1 side by side, 0 for none. */
function rememberClasses({ peers }: CompiledSnapshot): (address: number) => number {
  const recent = new Uint32Array(2 << CLASS_BITS);
  return (address) => {
    const at = (Math.imul(address, 0x9e3779b1) >>> (32 - CLASS_BITS)) << 1;
    const known = recent[at + 1];
    if (recent[at] === address && known !== 0) return known - 1;
    const found = classOf4(peers, address);
    recent[at] = address;
    recent[at + 1] = found + 1;
    return found;
  };
}
