import { FAMILY_SHIFT, type FlowBatch, HAS_PORTS, HAS_PROTOCOL, HAS_TIMES } from "../decode/flow-batch.ts";
import { applyEdit, checkEdit, type Edit, replaceRules } from "../model/edit.ts";
import { overlayModel } from "../model/load.ts";
import type { Model, SecurityGroupRule } from "../model/model.ts";
import { formatIpv4, formatIpv6, IPV4 } from "../net/address.ts";
import type { StoredRecords } from "../store/stored-records.ts";
import type { FlowTable } from "../store/stored-flows.ts";
import { type ChangeGroup, createChangeTally, isBreaking, isReal, type ChangeTally } from "./change-groups.ts";
import { createComparison, type Outcome } from "./compare-verdicts.ts";

/** A record whose verdict the proposal changes. */
export interface VerdictChange {
  readonly objectId: number;
  readonly line: number;
  readonly interfaceIdx: number;
  readonly outcome: Outcome;
  /** Unix seconds; null if the record has none. */
  readonly start: number | null;
  readonly srcaddr: string | null;
  readonly srcport: number | null;
  readonly dstaddr: string | null;
  readonly dstport: number | null;
  readonly protocol: number | null;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * Judges all stored records under the proposal, while `changes` are taken: the changed records by object and line, in batches
 * (none without `rows`). The tally is complete when all of them were taken. Throws AppError for an invalid proposal.
 */
export function replayHistory(stored: StoredRecords, propose: Proposal, options: { readonly rows: boolean }) {
  const tally = createChangeTally();
  const compare = createComparison(stored, propose);
  const changesIn = async function* (table: FlowTable): AsyncGenerator<VerdictChange[]> {
    for await (const chunk of stored.scan(table)) {
      const compared = compare(chunk);
      tally.add(compared);
      if (!options.rows) continue;
      const found: VerdictChange[] = [];
      for (let row = 0; row < chunk.batch.rows; row++) {
        const outcome = compared.outcomes[compared.outcome[row]];
        if (isVerdictChange(outcome)) found.push(verdictChangeOf(chunk.batch, row, chunk.objectId[row], outcome));
      }
      if (found.length > 0) yield found;
    }
  };
  return { tally, changes: inOrder(changesIn("flow_rows"), changesIn("flow_rows_wide")) };
}

/** One certain verdict becomes the other. */
function isVerdictChange({ effect }: Outcome): boolean {
  return effect === "breaks" || effect === "opens" || effect === "agrees";
}

/** The same for callers that need no rows. */
export async function changesOf(stored: StoredRecords, propose: Proposal) {
  const { tally, changes } = replayHistory(stored, propose, { rows: false });
  for await (const _ of changes);
  return { tally, groups: await tally.groups(stored) };
}

/** Whether real accepted traffic breaks. Records that break in some possible worlds only are counted, but do not decide it. */
export function breaksTraffic(groups: readonly ChangeGroup[], { ungrouped, effects }: ChangeTally): boolean {
  return (
    groups.some((group) => isBreaking(group.effect) && isReal(group)) ||
    (ungrouped > 0 && effects.breaks + effects.may_break > 0)
  );
}

function verdictChangeOf(batch: FlowBatch, row: number, objectId: number, outcome: Outcome): VerdictChange {
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

/** Merges two streams that are sorted by object and line. */
async function* inOrder(
  a: AsyncIterator<VerdictChange[]>,
  b: AsyncIterator<VerdictChange[]>,
): AsyncGenerator<VerdictChange[]> {
  let [left, right]: (VerdictChange[] | null)[] = [await take(a), await take(b)];
  while (left !== null && right !== null) {
    const merged: VerdictChange[] = [];
    let [i, j] = [0, 0];
    while (i < left.length && j < right.length) merged.push(comesFirst(left[i], right[j]) ? left[i++] : right[j++]);
    yield merged;
    left = i < left.length ? left.slice(i) : await take(a);
    right = j < right.length ? right.slice(j) : await take(b);
  }
  for (; left !== null; left = await take(a)) yield left;
  for (; right !== null; right = await take(b)) yield right;
}

async function take(from: AsyncIterator<VerdictChange[]>): Promise<VerdictChange[] | null> {
  const next = await from.next();
  return next.done ? null : next.value;
}

function comesFirst(a: VerdictChange, b: VerdictChange): boolean {
  return a.objectId === b.objectId ? a.line < b.line : a.objectId < b.objectId;
}

/** Makes the proposed configuration from the one that the evidence was judged with. */
export type Proposal = (inForce: Model) => Model;

/** Removes and adds rules, as far as the configuration has them (see `checkProposal`). */
export function proposeEdit(edit: Edit): Proposal {
  return (inForce) => applyEdit(inForce, edit);
}

/** Replaces rules of the configuration. */
export function proposeReplacements(replacements: ReadonlyMap<string, readonly SecurityGroupRule[]>): Proposal {
  return (inForce) => replaceRules(inForce, replacements);
}

/** Throws `E_USAGE` if no configuration of the evidence, after `base`, has the rules of the edit. */
export function checkProposal({ models }: Pick<StoredRecords, "models">, edit: Edit, base: Proposal): void {
  checkEdit([...models.values()].map(base), edit);
}

/**
 * A complete configuration. With `partial`, or if it has no interfaces (a Terraform plan of groups), it replaces only what it
 * names.
 */
export function proposeModel(proposed: Model, partial: boolean): Proposal {
  return isPartial(proposed) || partial ? (inForce) => overlayModel(inForce, proposed) : () => proposed;
}

export function isPartial(proposed: Model): boolean {
  return proposed.snapshots.every((snapshot) => snapshot.interfaces.size === 0);
}
