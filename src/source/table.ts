import { AppError } from "../errors.ts";
import { cloudWatch } from "./cloudwatch.ts";
import { evidenceFiles } from "./evidence.ts";
import { files, pipes } from "./files.ts";
import { flowLogId } from "./object-name.ts";
import { s3 } from "./s3.ts";
import type { SourceKind, SourceObject } from "./source.ts";

/**
 * Every kind of source, in the order of the help text. To add one: its own module, and its name here (README.md).
 * @internal
 */
export const SOURCE_KINDS: readonly SourceKind[] = [evidenceFiles, files, pipes, s3, cloudWatch];

/** How sources are written, as in `- (stdin), s3://bucket/prefix or cloudwatch://log-group`. */
export const SOURCE_USAGE = alternatives(SOURCE_KINDS);
export const FOLLOWED_USAGE = alternatives(SOURCE_KINDS.filter(({ follow }) => follow !== undefined));

function alternatives(kinds: readonly SourceKind[]): string {
  const usages = kinds.map(({ usage }) => usage);
  return [usages.slice(0, -1).join(", "), usages.at(-1)].filter(Boolean).join(" or ");
}

/** The kind of a `<source>` argument; undefined where it is none. */
export function kindOfArgument(argument: string): SourceKind | undefined {
  return SOURCE_KINDS.find((kind) => kind.recognises(argument));
}

export function kindOfObject(object: SourceObject): SourceKind {
  const kind = SOURCE_KINDS.find(({ name }) => name === object.kind);
  if (kind === undefined) throw new Error(`no kind of source is called ${object.kind}`);
  return kind;
}

/**
 * What `--follow` reads: one source of a kind that can be followed.
 * @throws AppError E_USAGE for any other arguments.
 */
export function followedSource(args: readonly string[]): { source: string; follow: NonNullable<SourceKind["follow"]> } {
  const [source] = args;
  const follow = args.length === 1 ? kindOfArgument(source!)?.follow : undefined;
  if (follow !== undefined) return { source: source!, follow };
  throw new AppError("E_USAGE", `--follow takes one source (${FOLLOWED_USAGE}), not ${args.join(" ")}`, {
    hint: "replay other sources again and again: only what is new is read",
  });
}

/**
 * The channel by which the records of an object came: a flow log (its id), a log group, standard input, or "" where the
 * name does not tell.
 */
export function channelName(object: string): string {
  for (const kind of SOURCE_KINDS) {
    const channel = kind.channelOf?.(object) ?? null;
    if (channel !== null) return channel;
  }
  return flowLogId(object) ?? "";
}

/** What objects of the same content share; null where nothing proves that it is the same (`SourceKind.contentKey`). */
export function contentKey(object: Pick<SourceObject, "name" | "etag">): string | null {
  for (const kind of SOURCE_KINDS) {
    const key = kind.contentKey?.(object) ?? null;
    if (key !== null) return key;
  }
  return null;
}
