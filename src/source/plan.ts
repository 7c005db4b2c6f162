import { AppError } from "../errors.ts";
import { planFiles } from "./files.ts";
import { compareObjects, inWindow, objectWindow } from "./object-name.ts";
import { planCloudWatch } from "./cloudwatch-plan.ts";
import { planS3 } from "./s3-list.ts";
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
  for (const argument of new Set(args)) {
    for (const object of await planArgument(argument, options)) listed.set(object.name, object);
  }
  const window = objectWindow(options);
  // The hours of a log group are chosen exactly where they are planned.
  const objects = [...listed.values()]
    .filter((object) => object.locator.kind === "cloudwatch" || inWindow(object.time, window))
    .sort(compareObjects);
  noteUntimed(objects, options);
  return {
    objects,
    bytes: objects.reduce((sum, object) => sum + (object.size ?? 0), 0),
    pruned: listed.size - objects.length,
    window,
  };
}

const KINDS = "a source is a file, folder, quoted glob, -, s3://bucket/prefix or cloudwatch://log-group";
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

async function planArgument(argument: string, options: PlanOptions): Promise<readonly SourceObject[]> {
  if (argument === "-") return [{ name: "stdin", size: null, etag: null, time: null, locator: { kind: "stdin" } }];
  if (argument === "") throw new AppError("E_USAGE", "empty source argument", { hint: KINDS });
  const scheme = SCHEME.exec(argument)?.[1]?.toLowerCase();
  if (scheme === undefined) return planFiles(argument, options.events);
  if (scheme === "s3") return planS3(argument, options);
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
