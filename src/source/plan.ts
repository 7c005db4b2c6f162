import { AppError } from "../errors.ts";
import { compareObjects, inWindow, objectWindow } from "./object-name.ts";
import type { PlanOptions, SourceEvents, SourceObject, SourcePlan } from "./source.ts";
import { contentKey, kindOfArgument, kindOfObject, SOURCE_USAGE } from "./table.ts";

/**
 * Turns `<source>` arguments into the objects to read, in canonical order: the order of the arguments never matters and
 * an object named twice is read once. Reads names and sizes, never a byte of a log.
 * @throws AppError E_USAGE for an argument that is no source, E_SOURCE for one that holds nothing or cannot be read.
 */
export async function planSources(args: readonly string[], options: PlanOptions): Promise<SourcePlan> {
  const hint = `a source is a ${SOURCE_USAGE}`;
  if (args.length === 0) throw new AppError("E_USAGE", "no source given", { hint });
  const listed = new Map<string, SourceObject>();
  const clashes = new Set<string>();
  let ingested = 0;
  for (const argument of new Set(args)) {
    if (argument === "") throw new AppError("E_USAGE", "empty source argument", { hint });
    const kind = kindOfArgument(argument);
    if (kind === undefined) throw new AppError("E_USAGE", `unknown kind of source: ${argument}`, { hint });
    const planned = await kind.plan(argument, options);
    for (const object of planned.objects) {
      const key = object.instance ?? object.name;
      const other = listed.get(key);
      if (other !== undefined && other.etag !== object.etag) clashes.add(key);
      if (other === undefined || holdsMore(object, other)) listed.set(key, object);
    }
    ingested += planned.ingested ?? 0;
  }
  const window = objectWindow(options);
  const objects = [...listed.values()]
    .filter((object) => kindOfObject(object).plansTimes || inWindow(object.time, window))
    .sort(compareObjects);
  noteClashes([...clashes], options.events);
  noteUntimed(objects, options);
  return {
    objects,
    ingested,
    bytes: objects.reduce((sum, object) => sum + (object.size ?? 0), 0),
    pruned: listed.size - objects.length,
    window,
  };
}

/** Of two objects of one name the larger one, as a log that grew; of equals any, but whatever the order of the arguments. */
function holdsMore(one: SourceObject, other: SourceObject): boolean {
  const [size, otherSize] = [one.size ?? 0, other.size ?? 0];
  return size === otherSize ? String(one.etag) > String(other.etag) : size > otherSize;
}

/** Two evidence files may hold logs that had one name at different times. */
function noteClashes(names: readonly string[], { note }: SourceEvents): void {
  if (names.length === 0) return;
  const others = names.length === 1 ? "" : `, and ${names.length - 1} more`;
  note(
    `in two sources with different content, and only the larger is read: ${names[0]}${others}; replay the other into a --db of its own`,
  );
}

/** Without the note, objects that `--from` and `--to` cannot leave out would look like a slow tool. */
function noteUntimed(objects: readonly SourceObject[], { from, to, events }: PlanOptions): void {
  if (from === undefined && to === undefined) return;
  const untimed = objects.filter((object) => object.time === null);
  if (untimed.length === 0) return;
  const several = untimed.length === 1 ? "" : `, and ${untimed.length - 1} more`;
  events.note(`no time in the name, so read whole: ${untimed[0]!.name}${several}`);
}

/**
 * The objects without those whose content is known to be in the ledger, or earlier in the list, under another name
 * (`contentKey`). Any other copy is read, and its records are compared one by one (replay/deduplicate.ts).
 */
export function withoutCopies(
  objects: readonly SourceObject[],
  ledger: readonly Pick<SourceObject, "name" | "etag">[],
  events: SourceEvents,
): SourceObject[] {
  const firstName = new Map<string, string>();
  for (const object of ledger) {
    const key = contentKey(object);
    if (key !== null && !firstName.has(key)) firstName.set(key, object.name);
  }
  const copies: { name: string; of: string }[] = [];
  const originals = objects.filter((object) => {
    const key = contentKey(object);
    if (key === null) return true;
    const first = firstName.get(key);
    if (first === undefined) firstName.set(key, object.name);
    else copies.push({ name: object.name, of: first });
    return first === undefined;
  });
  const [copy] = copies;
  if (copy !== undefined) {
    const others = copies.length === 1 ? "" : `, and ${copies.length - 1} more`;
    events.note(`not read again: ${copy.name} is a copy of ${copy.of}${others}`);
  }
  return originals;
}
