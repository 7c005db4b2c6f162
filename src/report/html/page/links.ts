import type { Entity } from "../page-data.ts";

/** A rule, interface or source that the address of the page names. */
export interface Subject {
  readonly entity: Entity;
  readonly id: string;
}

const ENTITIES: readonly Entity[] = ["rule", "interface", "source"];

/** `#rule=sgr-…`, percent-encoded, so that any id makes one link. */
export function linkTo({ entity, id }: Subject): string {
  return `#${entity}=${encodeURIComponent(id)}`;
}

/** The subject of a fragment, null where it names a section or nothing. */
export function readLink(hash: string): Subject | null {
  const at = hash.indexOf("=");
  const entity = ENTITIES.find((name) => hash.slice(1, at) === name);
  if (!hash.startsWith("#") || entity === undefined) return null;
  try {
    const id = decodeURIComponent(hash.slice(at + 1));
    return id === "" ? null : { entity, id };
  } catch {
    return null;
  }
}
