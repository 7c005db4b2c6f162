import { baseName } from "./object-name.ts";
import type { SourceEvents, SourceObject } from "./source.ts";

/** `<account>_vpcflowlogs_<region>_<flow-log-id>_<time>_<hash>`: AWS gives each delivered object its own (VPC User Guide, "Flow log files"). */
const DELIVERY = /^\d{12}_vpcflowlogs_[a-z0-9-]+_fl-[0-9a-f]+_\d{8}T\d{4}Z_[0-9a-f]+(?=\.|$)/;
const FLOW_LOG = /_(fl-[0-9a-f]+)_/;

/** The name under which AWS delivered an object, wherever it lies now; null where the name is of another kind. */
export function deliveryName(object: string): string | null {
  return DELIVERY.exec(baseName(object))?.[0] ?? null;
}

/**
 * By which way the records of an object came: a flow log (its id), a log group (the names of its hours without the
 * hour), standard input, or "" where the name does not tell.
 */
export function channelName(object: string): string {
  if (object === "stdin") return object;
  if (object.startsWith("cloudwatch://")) return object.slice(0, object.lastIndexOf("/"));
  return FLOW_LOG.exec(baseName(object))?.[1] ?? "";
}

type Named = Pick<SourceObject, "name" | "etag">;

/**
 * The objects without those that S3 holds under a second key: the same delivered object with the same ETag is known, or
 * comes earlier in the list. A name alone proves nothing, as anyone can give it: any other copy is read, and its records
 * compared one by one (overlap.ts).
 */
export function withoutCopies(
  objects: readonly SourceObject[],
  known: readonly Named[],
  events: SourceEvents,
): SourceObject[] {
  const first = new Map<string, string>();
  const keyOf = ({ name, etag }: Named): string | null => {
    const delivery = name.startsWith("s3://") ? deliveryName(name) : null;
    return delivery === null ? null : `${delivery} ${etag}`;
  };
  for (const object of known) {
    const key = keyOf(object);
    if (key !== null && !first.has(key)) first.set(key, object.name);
  }
  const copies: SourceObject[] = [];
  const kept = objects.filter((object) => {
    const key = keyOf(object);
    if (key === null) return true;
    const isCopy = first.has(key);
    if (isCopy) copies.push(object);
    else first.set(key, object.name);
    return !isCopy;
  });
  const [copy] = copies;
  if (copy !== undefined) {
    const others = copies.length === 1 ? "" : `, and ${copies.length - 1} more`;
    events.note(`not read again: ${copy.name} is a copy of ${first.get(keyOf(copy)!)!}${others}`);
  }
  return kept;
}
