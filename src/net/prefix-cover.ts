import type { Prefix } from "./address.ts";
import { bitsOf } from "./parse.ts";
import { aggregatePrefixes, commonLength, cutPrefix } from "./prefix-sets.ts";

/** Blocks that hold all the given ones, and their size together. */
export interface PrefixCover {
  readonly size: number;
  readonly blocks: readonly Prefix[];
}

export interface CoverOptions {
  /** Blocks of a cover at most. */
  readonly most: number;
  /** Shortest prefix length of a block that also holds addresses which none of the given ones does. */
  readonly shortest: (family: Prefix["family"]) => number;
  readonly sizeOf: (prefix: Prefix) => number;
}

/** Above this many blocks the given ones are first widened to their networks, eight bits at a time. */
const MOST_BLOCKS = 2000;

/** Blocks below a point of the binary tree of addresses: the least size for 1, 2, … of them. */
interface Node {
  readonly costs: readonly number[];
  /** What one block is; the rest is shared out between the halves, `left[k]` of them to the left. */
  readonly block: Prefix;
  readonly halves: readonly [Node, Node] | null;
  readonly left: readonly number[];
}

/**
 * The cheapest cover with at most one, two, … blocks, by their number less one; null where that few cannot do it. Exact:
 * blocks either lie inside one another or apart, so the best cover of a block is itself or the best of its halves.
 * All prefixes must be of one family.
 */
export function coverPrefixes(prefixes: readonly Prefix[], options: CoverOptions): (PrefixCover | null)[] {
  if (prefixes.length === 0) return [];
  const blocks = fewEnough(aggregatePrefixes(prefixes), options);
  if (blocks === null) return [];
  const root = solve(blocks, 0, blocks.length, options);
  return root.costs.map((size, at) => (size === Infinity ? null : { size, blocks: [...pick(root, at + 1)] }));
}

/** How many blocks it takes where none may be wider than `shortest` says. */
export function fewestBlocks(prefixes: readonly Prefix[], shortest: CoverOptions["shortest"]): number {
  const networks = aggregatePrefixes(prefixes).map((block) =>
    cutPrefix(block, Math.min(block.length, shortest(block.family))),
  );
  return new Set(networks.map(({ words }) => words.join("."))).size;
}

/** Null where so many would have to be wider than allowed: no small number of blocks holds them. */
function fewEnough(blocks: readonly Prefix[], { shortest }: CoverOptions): readonly Prefix[] | null {
  let few = blocks;
  const { family } = few[0];
  for (let length = bitsOf(family) - 8; few.length > MOST_BLOCKS; length -= 8) {
    if (length < shortest(family)) return null;
    few = aggregatePrefixes(few.map((block) => (block.length <= length ? block : cutPrefix(block, length))));
  }
  return few;
}

function solve(blocks: readonly Prefix[], from: number, to: number, options: CoverOptions): Node {
  const first = blocks[from];
  if (to - from === 1) return { costs: [options.sizeOf(first)], block: first, halves: null, left: [0] };
  const length = Math.min(commonLength(first, blocks[to - 1]), first.length);
  const block = cutPrefix(first, length);
  let middle = from + 1;
  while (middle < to && !bitAt(blocks[middle], length)) middle++;
  const halves = [solve(blocks, from, middle, options), solve(blocks, middle, to, options)] as const;
  const costs = [length >= options.shortest(block.family) ? options.sizeOf(block) : Infinity];
  const left = [0];
  const [ours, theirs] = halves.map((half) => half.costs);
  for (let count = 2; count <= Math.min(options.most, to - from); count++) {
    let best = costs[count - 2];
    let share = 0;
    for (let own = Math.max(1, count - theirs.length); own <= Math.min(count - 1, ours.length); own++) {
      const cost = ours[own - 1] + theirs[count - own - 1];
      if (cost < best) [best, share] = [cost, own];
    }
    costs.push(best);
    left.push(share);
  }
  return { costs, block, halves, left };
}

function* pick(node: Node, count: number): Generator<Prefix> {
  // No share: one block fewer does as well.
  let many = count;
  while (many > 1 && node.left[many - 1] === 0) many--;
  if (many === 1 || node.halves === null) yield node.block;
  else {
    yield* pick(node.halves[0], node.left[many - 1]);
    yield* pick(node.halves[1], many - node.left[many - 1]);
  }
}

function bitAt({ words }: Prefix, at: number): boolean {
  return ((words[at >>> 5] >>> (31 - (at & 31))) & 1) === 1;
}
