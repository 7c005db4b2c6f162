import type { Facts } from "./judge.ts";
import { EVIDENCE } from "./judgement.ts";

// What is known of a record, in one word, so that equal facts are found without building an object.
export const LATE = 1 << 6;
export const RELATED = 1 << 7;
export const UNCERTAIN = 1 << 14;
export const STRAY = 1 << 15;
export const UNANSWERED = 1 << 16;
/** Bits of a word of packed facts. */
export const FACT_BITS = 17;

const SURMISED = new Set(["policy", "lower_port", "likelier_port", "only_direction", "none"]);

/** 1 for the codes of evidence that is too weak to call a passing packet a mismatch. */
export const SURMISES: Uint8Array = Uint8Array.from(EVIDENCE, (name) => (SURMISED.has(name) ? 1 : 0));

/** Everything about a record but its account and the match that admitted its connection. */
export type PackedFacts = Omit<Facts, "accountId" | "admittedBy" | "admittedOtherwise">;

/** Bits 0-1 action, 2-3 log status, 4-5 reject reason, 6 late, 7 related, 8-9 initiator, 10-13 evidence, 14-16 as above. */
export function unpack(packed: number): PackedFacts {
  return {
    action: ([null, "ACCEPT", "REJECT"] as const)[packed & 3] ?? null,
    logStatus: (["OK", "NODATA", "SKIPDATA"] as const)[(packed >>> 2) & 3] ?? "OK",
    rejectReason: ([null, "BPA", "EC", "other"] as const)[(packed >>> 4) & 3],
    late: (packed & LATE) !== 0,
    related: (packed & RELATED) !== 0,
    initiator: (["unknown", "local", "remote"] as const)[(packed >>> 8) & 3] ?? "unknown",
    evidence: EVIDENCE[(packed >>> 10) & 15],
    uncertain: (packed & UNCERTAIN) !== 0,
    stray: (packed & STRAY) !== 0,
    unanswered: (packed & UNANSWERED) !== 0,
  };
}
