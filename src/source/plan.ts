import { AppError } from "../errors.ts";
import { planFiles } from "./files.ts";
import { compareObjects, inWindow, objectWindow } from "./object-name.ts";
import { planCloudWatch } from "./cloudwatch-plan.ts";
import { planS3 } from "./s3.ts";
import type { PlanOptions, SourceObject, SourcePlan } from "./source.ts";

/**
 * Turns `<source>` arguments (file, folder, glob, `-`, `s3://bucket/prefix`, `cloudwatch://log-group`) into the objects
 * to read, in canonical order: the order of the arguments never matters and an object named twice is read once.
 * Reads names and sizes, never a byte of a log.
 * @throws AppError E_USAGE for an argument that is no source, E_SOURCE for one that holds nothing or cannot be read.
 */
export async function planSources(args: readonly string[], options: PlanOptions): Promise<SourcePlan> {
  if (args.length === 0) throw new AppError("E_USAGE", "no source given", { hint: KINDS });
  const listed = new Map<string, SourceObject>();
  let known = 0;
  for (const argument of new Set(args)) {
    const found = await planArgument(argument, options);
    for (const object of found.objects) listed.set(object.name, object);
    known += found.known ?? 0;
  }
  const window = objectWindow(options);
  // The hours of a log group are chosen exactly where they are planned.
  const objects = [...listed.values()]
    .filter((object) => object.locator.kind === "cloudwatch" || inWindow(object.time, window))
    .sort(compareObjects);
  noteUntimed(objects, options);
  return {
    objects,
    known,
    bytes: objects.reduce((sum, object) => sum + (object.size ?? 0), 0),
    pruned: listed.size - objects.length,
    window,
  };
}

const KINDS = "a source is a file, folder, quoted glob, -, s3://bucket/prefix or cloudwatch://log-group";
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

const STDIN: SourceObject = { name: "stdin", size: null, etag: null, time: null, locator: { kind: "stdin" } };

interface Found {
  readonly objects: readonly SourceObject[];
  readonly known?: number;
}

async function planArgument(argument: string, options: PlanOptions): Promise<Found> {
  if (argument === "-") return { objects: [STDIN] };
  if (argument === "") throw new AppError("E_USAGE", "empty source argument", { hint: KINDS });
  const scheme = SCHEME.exec(argument)?.[1]?.toLowerCase();
  if (scheme === undefined) return { objects: await planFiles(argument, options.events) };
  if (scheme === "s3") return { objects: await planS3(argument, options) };
  if (scheme === "cloudwatch") return planCloudWatch(argument, options);
  throw new AppError("E_USAGE", `unknown kind of source: ${argument}`, { hint: KINDS });
}

/** A prune that silently could not prune would look like a slow tool. */
function noteUntimed(objects: readonly SourceObject[], { from, to, events }: PlanOptions): void {
  if (from === undefined && to === undefined) return;
  const untimed = objects.filter((object) => object.time === null);
  if (untimed.length === 0) return;
  const several = untimed.length === 1 ? "" : `, and ${untimed.length - 1} more`;
  events.note(`no time in the name, so read whole: ${untimed[0]!.name}${several}`);
}
