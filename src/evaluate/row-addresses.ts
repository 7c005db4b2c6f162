import type { FlowBatch } from "../decode/flow-batch.ts";
import { IPV4, prefixContains, type Prefix } from "../net/address.ts";
import { listHolds, type BlockLists } from "../net/block-lists.ts";
import type { Destination } from "../policy/compile/transit.ts";
import { EGRESS, INGRESS } from "./reading.ts";

// Where an address of a row lies, as readings ask it of interfaces that one word does not describe.

const FOUR = new Uint32Array(1);

/** `address` as it stands in a batch column: the word itself, or where its four words begin in `addr6`. */
function holds(block: Prefix, batch: FlowBatch, family: number, address: number): boolean {
  if (block.family !== family) return false;
  FOUR[0] = address;
  return family === IPV4 ? prefixContains(block, FOUR, 0) : prefixContains(block, batch.addr6, address);
}

/** Whether a block of the list holds the address. */
export function contains(lists: BlockLists, list: number, batch: FlowBatch, family: number, address: number): boolean {
  FOUR[0] = address;
  return family === IPV4 ? listHolds(lists, list, IPV4, FOUR, 0) : listHolds(lists, list, family, batch.addr6, address);
}

/** The longest route that holds the address leads to a transit gateway. */
export function isRoutedToTransit(
  routes: readonly Destination[],
  batch: FlowBatch,
  family: number,
  address: number,
): boolean {
  for (const { prefix, transit } of routes) if (holds(prefix, batch, family, address)) return transit;
  return false;
}

/** Which side is an address of the interface; 0 when both are, or neither. */
export function directionByBlocks(
  batch: FlowBatch,
  row: number,
  family: number,
  blocks: BlockLists,
  eni: number,
): number {
  const sourceIsOwn = contains(blocks, eni, batch, family, batch.src[row]);
  const destinationIsOwn = contains(blocks, eni, batch, family, batch.dst[row]);
  if (sourceIsOwn === destinationIsOwn) return 0;
  return sourceIsOwn ? EGRESS : INGRESS;
}
