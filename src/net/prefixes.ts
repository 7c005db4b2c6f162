import type { Family, Prefix } from "./address.ts";
import { bitsOf, maskWords } from "./parse.ts";

/**
 * The fewest blocks that hold exactly the addresses of the given ones, ascending, IPv4 first. It gives what `Pool.aggregate`
 * of ip-num gives (its test compares them), in less than a hundredth of the time: it compares words, not BigInts.
 */
export function aggregatePrefixes(prefixes: readonly Prefix[]): Prefix[] {
  return ([1, 2] satisfies Family[]).flatMap((family) => joinBlocks(prefixes.filter((one) => one.family === family)));
}

function joinBlocks(blocks: readonly Prefix[]): Prefix[] {
  const done: Prefix[] = [];
  for (const block of blocks.toSorted(compare)) {
    const last = done.at(-1);
    if (last && commonLength(last, block) >= last.length) continue;
    done.push(block);
    // Two halves make a block, which may be the half of a larger one.
    for (;;) {
      const [left, right] = [done.at(-2), done.at(-1)!];
      if (!left || left.length !== right.length || commonLength(left, right) !== left.length - 1) break;
      done.length -= 2;
      done.push(cutPrefix(left, left.length - 1));
    }
  }
  return done;
}

/** By address, then the wider block first. */
function compare(a: Prefix, b: Prefix): number {
  for (let word = 0; word < a.words.length; word++) {
    const difference = a.words[word] - b.words[word];
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A block without the others, as the fewest blocks, ascending. */
export function subtractPrefixes(from: Prefix, others: readonly Prefix[]): Prefix[] {
  const holes = others.filter((other) => holdsPrefix(from, other) || holdsPrefix(other, from));
  if (holes.length === 0) return [from];
  if (holes.some((hole) => holdsPrefix(hole, from))) return [];
  const { family, words, length } = from;
  const upper = words.map((word, at) => (at === length >>> 5 ? (word | (0x80000000 >>> (length & 31))) >>> 0 : word));
  return [words, upper].flatMap((start) => subtractPrefixes({ family, words: start, length: length + 1 }, holes));
}

/** The smallest block that holds both, which must be of one family. */
export function commonPrefix(a: Prefix, b: Prefix): Prefix {
  return cutPrefix(a, Math.min(a.length, b.length, commonLength(a, b)));
}

/** True when `outer` holds every address of `inner`. */
export function holdsPrefix(outer: Prefix, inner: Prefix): boolean {
  return outer.family === inner.family && outer.length <= inner.length && commonLength(outer, inner) >= outer.length;
}

/** Leading bits that the addresses of two blocks of one family have in common, whatever the blocks' lengths. */
function commonLength(a: Prefix, b: Prefix): number {
  for (let word = 0; word < a.words.length; word++) {
    const differing = a.words[word] ^ b.words[word];
    if (differing !== 0) return word * 32 + Math.clz32(differing);
  }
  return bitsOf(a.family);
}

/** The block of the given length that holds a block, which must not be shorter. */
function cutPrefix({ family, words }: Prefix, length: number): Prefix {
  return { family, words: maskWords(words, length), length };
}

/** Blocks that hold all the given ones, and their total size. */
export interface PrefixCover {
  readonly size: number;
  readonly blocks: readonly Prefix[];
}

export interface CoverOptions {
  /** The most blocks of a cover. */
  readonly most: number;
  /** The shortest prefix length of a block that also holds other addresses than the given ones. */
  readonly shortest: (family: Prefix["family"]) => number;
  readonly sizeOf: (prefix: Prefix) => number;
}

/** More blocks than this are first widened to their networks, eight bits at a time. */
const MOST_BLOCKS = 2000;

/** A node of the binary tree of addresses: the least size of covers with 1, 2, … blocks. */
interface Node {
  readonly costs: readonly number[];
  /** The cover with one block. In one with k + 1 blocks, `left[k]` of them cover the left half. */
  readonly block: Prefix;
  readonly halves: readonly [Node, Node] | null;
  readonly left: readonly number[];
}

/**
 * The cheapest covers with at most one, two, … blocks; null where so few cannot do it. The result is exact: two blocks are
 * disjoint or one holds the other, so the best cover of a block is the block itself or the best covers of its halves. All
 * prefixes must be of one family.
 */
export function coverPrefixes(prefixes: readonly Prefix[], options: CoverOptions): (PrefixCover | null)[] {
  if (prefixes.length === 0) return [];
  const blocks = fewEnough(aggregatePrefixes(prefixes), options);
  if (blocks === null) return [];
  const root = solve(blocks, 0, blocks.length, options);
  return root.costs.map((size, at) => (size === Infinity ? null : { size, blocks: [...pick(root, at + 1)] }));
}

/** How many blocks a cover needs where none may be wider than `shortest` allows. */
export function fewestBlocks(prefixes: readonly Prefix[], shortest: CoverOptions["shortest"]): number {
  const networks = aggregatePrefixes(prefixes).map((block) =>
    cutPrefix(block, Math.min(block.length, shortest(block.family))),
  );
  return new Set(networks.map(({ words }) => words.join("."))).size;
}

/** Null where the blocks would have to be wider than allowed: no small number of blocks holds them. */
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
  // No share: one block fewer is as good.
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
