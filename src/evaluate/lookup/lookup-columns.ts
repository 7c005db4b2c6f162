import type { FilterMatch } from "../../policy/filters.ts";
import { LOCAL_OPENED, REMOTE_OPENED, UNKNOWN } from "../conntrack/entry-layout.ts";
import { type OpenerRole, ROLES, type RuleSets } from "../facts/rule-sets.ts";
import { INGRESS, NOT_ASKED, type PolicyLookup, type LookupTable } from "./policy-lookup.ts";

/** In place of a match: the record straddles a change. */
export const SEVERAL = NOT_ASKED - 1;

/** Index of the value for an opener. */
export function sideOf(lookup: number, opened: number): number {
  return lookup * 2 + (opened === LOCAL_OPENED ? 0 : 1);
}

const NOT_KNOWN_YET = -2;

// Values of `placing`.
export const PLACED_ROW = 1;
export const UNSETTLED_ROW = 2;

const emptyColumns = (capacity: number) => ({
  /** 0 if the interface's side is not known. */
  direction: new Uint8Array(capacity),
  /** Interfaces that no snapshot knows: PLACED_ROW; UNSETTLED_ROW if it is not known which side is the interface. */
  placing: new Uint8Array(capacity),
  /** Those that cannot be placed: the direction that the record itself tells. */
  stated: new Uint8Array(capacity),
  /** 1: the network ACL denies the record, whatever the groups say. */
  deniedByAcl: new Uint8Array(capacity),
  /** Initiator that the security groups speak for. */
  initiator: new Uint8Array(capacity),
  /** The match of the snapshot in force; SEVERAL if the record straddles a change. */
  own: new Int32Array(capacity * 2),
  /** The match under which a connection began whose first record has this lookup. */
  admitted: new Int32Array(capacity * 2),
  /** 1: that match denies. */
  refuses: new Uint8Array(capacity * 2),
  /** The snapshot of that match, if it is not the one in force at the connection's start; else -1. */
  admittedIn: new Int32Array(capacity * 2),
});

/**
 * What the loops over records ask of a lookup, as columns by its number. Columns that depend on the opener hold the value
 * for the interface at `number * 2` and the value for the peer after it.
 */
export type LookupColumns = ReturnType<typeof emptyColumns> & {
  /** Some lookup is unsettled. */
  anyUnsettled: boolean;
  /** Adds the lookups that are new in the table. */
  learn(): void;
  /** The rule set that admitted a connection, by `sideOf` its lookup and opener; -1: none. */
  ruleSetOf(side: number, role: OpenerRole): number;
  /** The rule set that lets the replies of an untracked connection pass; -1: none, or it is tracked. */
  replyRuleSetOf(side: number, role: OpenerRole): number;
};

export function createLookupColumns(table: LookupTable, ruleSets: RuleSets): LookupColumns {
  let known = 0;
  let capacity = 1 << 8;
  // Filled on demand: only rule sets that were credited enter the evidence.
  let admitting = new Int32Array(capacity * 2 * ROLES).fill(NOT_KNOWN_YET);
  let replying = admitting.slice();

  const grow = (): void => {
    while (table.lookups.length > capacity) capacity *= 2;
    const larger = emptyColumns(capacity);
    for (const [name, column] of Object.entries(larger)) column.set(columns[name as keyof typeof larger]);
    Object.assign(columns, larger);
    admitting = new Int32Array(capacity * 2 * ROLES).fill(NOT_KNOWN_YET);
    replying = admitting.slice();
  };

  /** The match under which a connection began. If the record straddles a change, the configuration that lets it in counts. */
  const admittedBy = (lookup: PolicyLookup, side: "sgIfLocal" | "sgIfRemote"): { match: number; snapshot: number } => {
    const { lookups, matches } = table;
    const own = { match: lookup.sgIfLocal === NOT_ASKED ? NOT_ASKED : lookup[side], snapshot: -1 };
    if (own.match === NOT_ASKED || matches[own.match].answer === "allow") return own;
    for (const other of lookup.others) {
      const { [side]: match, snapshot } = lookups[other];
      if (match !== NOT_ASKED && matches[match].answer === "allow") return { match, snapshot };
    }
    return own;
  };

  const columns: LookupColumns = {
    ...emptyColumns(capacity),
    anyUnsettled: false,
    learn() {
      const { lookups, matches } = table;
      if (lookups.length > capacity) grow();
      for (; known < lookups.length; known++) {
        const lookup = lookups[known];
        columns.direction[known] = lookup.local === "known" ? lookup.direction : 0;
        if (lookup.interfaceKnown === "placed") {
          columns.placing[known] = lookup.direction === 0 ? UNSETTLED_ROW : PLACED_ROW;
          columns.anyUnsettled ||= lookup.direction === 0;
        } else if (lookup.interfaceKnown === "unknown") columns.stated[known] = lookup.direction;
        const asked = lookup.direction === INGRESS ? lookup.naclIn : lookup.naclOut;
        columns.deniedByAcl[known] = asked !== NOT_ASKED && matches[asked].answer === "deny" ? 1 : 0;
        columns.initiator[known] = allowedInitiator(table, known);
        for (const [side, name] of (["sgIfLocal", "sgIfRemote"] as const).entries()) {
          columns.own[known * 2 + side] = lookup.others.length === 0 ? lookup[name] : SEVERAL;
          const { match, snapshot } = admittedBy(lookup, name);
          columns.admitted[known * 2 + side] = match;
          columns.refuses[known * 2 + side] = match !== NOT_ASKED && matches[match].answer === "deny" ? 1 : 0;
          columns.admittedIn[known * 2 + side] = snapshot;
        }
      }
    },
    ruleSetOf(side, role) {
      const at = side * ROLES + role;
      if (admitting[at] !== NOT_KNOWN_YET) return admitting[at];
      const match = columns.admitted[side];
      return (admitting[at] = match === NOT_ASKED ? -1 : ruleSets.of(match, role));
    },
    replyRuleSetOf(side, role) {
      const at = side * ROLES + role;
      if (replying[at] !== NOT_KNOWN_YET) return replying[at];
      const match = columns.admitted[side];
      const untracked = match !== NOT_ASKED && table.matches[match].untracked;
      const { sgIfLocal, sgIfRemote } = table.lookups[side >> 1];
      const replies = side & 1 ? sgIfLocal : sgIfRemote;
      const { answer } = table.matches[replies] ?? { answer: "deny" };
      const passes = untracked && (answer === "allow" || columns.placing[side >> 1] === PLACED_ROW);
      return (replying[at] = passes ? ruleSets.of(replies, role) : -1);
    },
  };
  return columns;
}

/**
 * Which initiator the security groups speak for: the only one they let pass, or the one for which a rule names the protocol
 * if the other only falls under a rule for everything. UNKNOWN if they do not tell.
 */
function allowedInitiator(table: LookupTable, lookup: number): number {
  const { sgIfLocal, sgIfRemote } = table.lookups[lookup];
  if (sgIfLocal === NOT_ASKED) return UNKNOWN;
  const weight = ({ answer, named }: FilterMatch): number => (answer === "deny" ? 0 : named ? 2 : 1);
  const difference = weight(table.matches[sgIfLocal]) - weight(table.matches[sgIfRemote]);
  return difference === 0 ? UNKNOWN : difference > 0 ? LOCAL_OPENED : REMOTE_OPENED;
}
