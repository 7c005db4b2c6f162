import { FAMILY_SHIFT, type FlowBatch, HAS_PORTS, HAS_PROTOCOL, HAS_TIMES } from "../decode/flow-batch.ts";
import { applyEdit, checkEdit, type Edit, replaceRules } from "../model/edit.ts";
import { overlayModel } from "../model/load.ts";
import type { Model, SecurityGroupRule } from "../model/model.ts";
import { formatIpv4, formatIpv6, IPV4 } from "../net/address.ts";
import type { StoredRecords } from "../store/stored-records.ts";
import type { FlowTable } from "../store/stored-flows.ts";
import { type ChangeGroup, createTally, isBreaking, type Tally } from "./change-groups.ts";
import { createComparison, type Outcome } from "./compare-verdicts.ts";

/** A record whose verdict the proposal changes. */
export interface Flip {
  readonly objectId: number;
  readonly line: number;
  readonly interfaceIdx: number;
  readonly outcome: Outcome;
  /** Unix seconds; null where the record has none. */
  readonly start: number | null;
  readonly srcaddr: string | null;
  readonly srcport: number | null;
  readonly dstaddr: string | null;
  readonly dstport: number | null;
  readonly protocol: number | null;
  readonly packets: number;
  readonly bytes: number;
}

export interface WhatIf {
  readonly tally: Tally;
  /** The changed records by object and line, a few at a time; taking all of them fills the tally. */
  readonly flips: AsyncIterable<readonly Flip[]>;
}

/** Judges all stored records under the proposal. Nothing runs before the flips are taken. Throws AppError for a proposal that cannot be. */
export function replayHistory(stored: StoredRecords, propose: Proposal, options: { readonly rows: boolean }): WhatIf {
  const tally = createTally();
  const comparison = createComparison(stored, propose);
  const flipsOf = async function* (table: FlowTable): AsyncGenerator<Flip[]> {
    for await (const chunk of stored.scan(table)) {
      const compared = comparison.compare(chunk);
      tally.add(compared);
      if (!options.rows) continue;
      const found: Flip[] = [];
      for (let row = 0; row < chunk.batch.rows; row++) {
        const outcome = compared.outcomes[compared.outcome[row]];
        if (isFlip(outcome)) found.push(flipOf(chunk.batch, row, chunk.objectId[row], outcome));
      }
      if (found.length > 0) yield found;
    }
  };
  return { tally, flips: inOrder(flipsOf("flow_rows"), flipsOf("flow_rows_wide")) };
}

/** A flip changes one certain verdict into the other. */
function isFlip({ effect }: Outcome): boolean {
  return effect === "breaks" || effect === "opens" || effect === "agrees";
}

/** The whole of it at once, for callers that want no rows. */
export async function changesOf(
  stored: StoredRecords,
  propose: Proposal,
): Promise<{ tally: Tally; groups: ChangeGroup[] }> {
  const { tally, flips } = replayHistory(stored, propose, { rows: false });
  for await (const _ of flips);
  return { tally, groups: await tally.groups(stored) };
}

/** Does real accepted traffic break? What only scanners or nobody answered does not count, what nobody knows does. */
export function breaksTraffic(groups: readonly ChangeGroup[], tally: Tally): boolean {
  const real = ({ effect, trafficClass }: ChangeGroup): boolean =>
    isBreaking(effect) && (trafficClass === "real" || trafficClass === "unknown");
  return groups.some(real) || (tally.ungrouped > 0 && tally.effects.breaks + tally.effects.may_break > 0);
}

function flipOf(batch: FlowBatch, row: number, objectId: number, outcome: Outcome): Flip {
  const bits = batch.bits[row];
  const family = (bits >>> FAMILY_SHIFT) & 3;
  const address = (at: number): string | null =>
    family === 0
      ? null
      : family === IPV4
        ? formatIpv4(at)
        : formatIpv6(batch.addr6[at], batch.addr6[at + 1], batch.addr6[at + 2], batch.addr6[at + 3]);
  return {
    objectId,
    line: batch.line[row],
    interfaceIdx: batch.interfaceId[row],
    outcome,
    start: bits & HAS_TIMES ? batch.start[row] : null,
    srcaddr: address(batch.src[row]),
    srcport: bits & HAS_PORTS ? batch.srcPort[row] : null,
    dstaddr: address(batch.dst[row]),
    dstport: bits & HAS_PORTS ? batch.dstPort[row] : null,
    protocol: bits & HAS_PROTOCOL ? batch.protocol[row] : null,
    packets: batch.packets[row],
    bytes: batch.bytes[row],
  };
}

/** Merges two streams that are each in the order of object and line. */
async function* inOrder(a: AsyncIterator<Flip[]>, b: AsyncIterator<Flip[]>): AsyncGenerator<Flip[]> {
  let [left, right]: (Flip[] | null)[] = [await take(a), await take(b)];
  while (left !== null && right !== null) {
    const merged: Flip[] = [];
    let [i, j] = [0, 0];
    while (i < left.length && j < right.length) merged.push(comesFirst(left[i], right[j]) ? left[i++] : right[j++]);
    yield merged;
    left = i < left.length ? left.slice(i) : await take(a);
    right = j < right.length ? right.slice(j) : await take(b);
  }
  for (; left !== null; left = await take(a)) yield left;
  for (; right !== null; right = await take(b)) yield right;
}

async function take(from: AsyncIterator<Flip[]>): Promise<Flip[] | null> {
  const next = await from.next();
  return next.done ? null : next.value;
}

function comesFirst(a: Flip, b: Flip): boolean {
  return a.objectId === b.objectId ? a.line < b.line : a.objectId < b.objectId;
}

/** A configuration to compare the evidence with: made from the model that the evidence was judged with. */
export type Proposal = (inForce: Model) => Model;

/** The configuration in force with some rules removed and added, as far as it has them (see `checkProposal`). */
export function proposeEdit(edit: Edit): Proposal {
  return (inForce) => applyEdit(inForce, edit);
}

/** The configuration in force with other rules in place of some. */
export function proposeReplacements(replacements: ReadonlyMap<string, readonly SecurityGroupRule[]>): Proposal {
  return (inForce) => replaceRules(inForce, replacements);
}

/** Whether some configuration of the evidence, seen through `base`, has what the edit names. Throws `E_USAGE`. */
export function checkProposal({ models }: Pick<StoredRecords, "models">, edit: Edit, base: Proposal): void {
  checkEdit([...models.values()].map(base), edit);
}

/**
 * A configuration of its own. With `partial`, or when it knows no interface (a Terraform plan of groups), it replaces only
 * what it names.
 */
export function proposeModel(proposed: Model, partial: boolean): Proposal {
  return isPartial(proposed) || partial ? (inForce) => overlayModel(inForce, proposed) : () => proposed;
}

export function isPartial(proposed: Model): boolean {
  return proposed.snapshots.every((snapshot) => snapshot.interfaces.size === 0);
}
