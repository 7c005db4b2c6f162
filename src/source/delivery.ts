import { baseName } from "./object-name.ts";
import type { SourceEvents, SourceObject } from "./source.ts";

/** `<account>_vpcflowlogs_<region>_<flow-log-id>_<time>_<hash>`: AWS gives each delivered object its own (aws-semantics 2.1). */
const DELIVERY = /^\d{12}_vpcflowlogs_[a-z0-9-]+_fl-[0-9a-f]+_\d{8}T\d{4}Z_[0-9a-f]+(?=\.|$)/;
const FLOW_LOG = /_(fl-[0-9a-f]+)_/;

/** The name under which AWS delivered an object, wherever it lies now; null where the name is of another kind. */
export function deliveryName(object: string): string | null {
  return DELIVERY.exec(baseName(object))?.[0] ?? null;
}

/**
 * By which way the records of an object came: a flow log (its id), a log group (the names of its hours without the
 * hour), or "" where the name does not tell.
 */
export function channelName(object: string): string {
  if (object.startsWith("cloudwatch://")) return object.slice(0, object.lastIndexOf("/"));
  return FLOW_LOG.exec(baseName(object))?.[1] ?? "";
}

/**
 * The objects without those that are a copy, under another name, of one that is known or comes earlier in the list: the
 * same delivered object of the same size, once in S3 and once on disk. Copies are noted.
 */
export function withoutCopies(
  objects: readonly SourceObject[],
  known: readonly Pick<SourceObject, "name" | "size">[],
  events: SourceEvents,
): SourceObject[] {
  const first = new Map<string, string>();
  const keyOf = ({ name, size }: Pick<SourceObject, "name" | "size">): string | null => {
    const delivery = size === null ? null : deliveryName(name);
    return delivery === null ? null : `${delivery} ${size}`;
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
