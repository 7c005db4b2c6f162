import {
  FAMILY_SHIFT,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TCP_FLAGS,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
} from "./flow-batch.ts";
import { IPV4 } from "../net/address.ts";
import * as F from "./fields.ts";

/** Number of fields in the default format. */
export const DEFAULT_COUNT = F.DEFAULT_FIELDS.length;

/** The order of the fields of a record, compiled for the tokenisers. */
export interface Layout {
  readonly names: readonly string[];
  readonly kinds: Uint8Array;
  readonly targets: Uint8Array;
  /** Bits of an IPv4 record that has a value in every field. */
  readonly fullBits: number;
  /** Usable, and both halves of every pair (addresses, ports, times) are there: the fast tokeniser may take it. */
  readonly scannable: boolean;
  readonly hasTimes: boolean;
  readonly hasInterface: boolean;
  readonly hasAccount: boolean;
  /** The fourteen default fields come first, in their order. */
  readonly startsWithDefault: boolean;
  /** Why no line of this layout can be a record; null for a usable one. */
  readonly unusable: "transit_gateway_record" | "no_usable_field" | null;
}

/** Compiles a field list. Unknown names are fields of a later version: counted, not read. */
export function compileLayout(names: readonly string[]): Layout {
  const fields = names.map((name) => F.fieldNamed(name));
  const has = (kind: F.FieldKind, target: number): boolean =>
    fields.some((field) => field?.kind === kind && field.target === target);
  let fullBits = 0;
  let paired = true;
  const pair = (kind: F.FieldKind, first: number, second: number, bits: number): void => {
    const both = has(kind, first) && has(kind, second);
    if (both) fullBits |= bits;
    else if (has(kind, first) || has(kind, second)) paired = false;
  };
  pair(F.ADDRESS, F.SRC, F.DST, IPV4 << FAMILY_SHIFT);
  pair(F.ADDRESS, F.PKT_SRC, F.PKT_DST, IPV4 << PKT_FAMILY_SHIFT);
  pair(F.PORT, F.SRC, F.DST, HAS_PORTS);
  pair(F.TIME, F.START, F.END, HAS_TIMES);
  if (has(F.OCTET, F.PROTOCOL)) fullBits |= HAS_PROTOCOL;
  if (has(F.OCTET, F.TCP_FLAGS)) fullBits |= HAS_TCP_FLAGS;
  if (has(F.COUNT, F.PACKETS)) fullBits |= HAS_PACKETS;
  if (has(F.COUNT, F.BYTES)) fullBits |= HAS_BYTES;
  const hasInterface = has(F.NAME, F.INTERFACE);
  const transitGateway = fields.some((field) => field?.version === 6) && !hasInterface;
  const usable = hasInterface || has(F.ADDRESS, F.SRC) || has(F.ADDRESS, F.DST);
  const unusable = transitGateway ? "transit_gateway_record" : usable ? null : "no_usable_field";
  return {
    names,
    kinds: Uint8Array.from(fields, (field) => field?.kind ?? F.SKIP),
    targets: Uint8Array.from(fields, (field) => field?.target ?? 0),
    fullBits,
    scannable: paired && unusable === null,
    hasTimes: (fullBits & HAS_TIMES) !== 0,
    hasInterface,
    hasAccount: has(F.NAME, F.ACCOUNT),
    startsWithDefault: F.DEFAULT_FIELDS.every((name, index) => fields[index]?.name === name),
    unusable,
  };
}
