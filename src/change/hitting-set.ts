/** At least one of these elements must be kept. */
export type Constraint = readonly number[];

/** The elements to keep. `exact` is false if the search was cut short and a smaller set may exist. */
export interface HittingSet {
  readonly keep: ReadonlySet<number>;
  readonly exact: boolean;
}

/** Steps of the exact search per independent part, before the greedy answer is taken. */
const MOST_STEPS = 200_000;

/**
 * A smallest set of elements that has an element of every constraint; among equally small sets, one of low `cost`. The
 * constraints are split into independent parts, which are searched one by one, exactly if they are small.
 */
export function smallestHittingSet(
  constraints: readonly Constraint[],
  cost: (element: number) => number,
  mostSteps = MOST_STEPS,
): HittingSet {
  const keep = new Set<number>();
  let exact = true;
  for (const part of independentParts(minimal(constraints))) {
    const found = solvePart(part, cost, mostSteps);
    for (const element of found.keep) keep.add(element);
    exact &&= found.exact;
  }
  return { keep, exact };
}

/** Leaves out constraints that are supersets of another one, which implies them. */
function minimal(constraints: readonly Constraint[]): number[][] {
  const sorted = [...new Map(constraints.map((one) => [key(one), [...new Set(one)]])).values()].sort(
    (a, b) => a.length - b.length,
  );
  const kept: number[][] = [];
  const byElement = new Map<number, number[][]>();
  for (const one of sorted) {
    const own = new Set(one);
    // A subset has only elements of this constraint, so it is listed under one of them.
    const implied = one.some((element) =>
      (byElement.get(element) ?? []).some((other) => other.every((each) => own.has(each))),
    );
    if (implied) continue;
    kept.push(one);
    byElement.set(one[0], [...(byElement.get(one[0]) ?? []), one]);
  }
  return kept;
}

function key(one: Constraint): string {
  return [...new Set(one)].sort((a, b) => a - b).join(",");
}

function independentParts(constraints: readonly number[][]): number[][][] {
  const parent = new Map<number, number>();
  const rootOf = (element: number): number => {
    let root = element;
    while ((parent.get(root) ?? root) !== root) root = parent.get(root)!;
    for (let at = element; at !== root;) {
      const next = parent.get(at) ?? root;
      parent.set(at, root);
      at = next;
    }
    return root;
  };
  for (const one of constraints) for (const element of one) parent.set(rootOf(element), rootOf(one[0]));
  const parts = new Map<number, number[][]>();
  for (const one of constraints) {
    const root = rootOf(one[0]);
    const part = parts.get(root);
    if (part) part.push(one);
    else parts.set(root, [one]);
  }
  return [...parts.values()];
}

function solvePart(constraints: readonly number[][], cost: (element: number) => number, mostSteps: number): HittingSet {
  let best = greedy(constraints, cost);
  let bestCost = sumOf(best, cost);
  let steps = 0;
  const chosen: number[] = [];

  const search = (open: readonly number[][]): void => {
    if (++steps > mostSteps) return;
    if (open.length === 0) {
      const total = sumOf(chosen, cost);
      if (chosen.length < best.length || (chosen.length === best.length && total < bestCost)) {
        [best, bestCost] = [[...chosen], total];
      }
      return;
    }
    // Disjoint constraints each need an element of their own.
    if (chosen.length + disjointCount(open) > best.length) return;
    const branch = open.reduce((a, b) => (b.length < a.length ? b : a));
    const tried = new Set<number>();
    for (const element of branch.toSorted((a, b) => countIn(open, b) - countIn(open, a) || cost(a) - cost(b))) {
      chosen.push(element);
      // Sets with an element that was tried before were already searched.
      const rest = open.filter((one) => !one.includes(element)).map((one) => one.filter((each) => !tried.has(each)));
      if (rest.every((one) => one.length > 0)) search(rest);
      chosen.pop();
      tried.add(element);
    }
  };
  search(constraints);
  return { keep: new Set(best), exact: steps <= mostSteps };
}

/** Takes the element in most open constraints first, then drops elements that turn out not to be needed. */
function greedy(constraints: readonly number[][], cost: (element: number) => number): number[] {
  let open = constraints;
  const keep: number[] = [];
  while (open.length > 0) {
    const counts = new Map<number, number>();
    for (const one of open) for (const element of one) counts.set(element, (counts.get(element) ?? 0) + 1);
    const [next] = [...counts].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && cost(b[0]) < cost(a[0])) ? b : a));
    keep.push(next);
    open = open.filter((one) => !one.includes(next));
  }
  for (const element of [...keep].sort((a, b) => cost(b) - cost(a))) {
    const others = new Set(keep.filter((one) => one !== element));
    if (constraints.every((one) => one.some((each) => others.has(each)))) keep.splice(keep.indexOf(element), 1);
  }
  return keep;
}

function disjointCount(constraints: readonly number[][]): number {
  const seen = new Set<number>();
  let count = 0;
  for (const one of constraints) {
    if (one.some((element) => seen.has(element))) continue;
    count++;
    for (const element of one) seen.add(element);
  }
  return count;
}

function countIn(constraints: readonly number[][], element: number): number {
  return constraints.reduce((sum, one) => sum + Number(one.includes(element)), 0);
}

function sumOf(elements: readonly number[], cost: (element: number) => number): number {
  return elements.reduce((sum, element) => sum + cost(element), 0);
}
