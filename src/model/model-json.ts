import { createHash } from "node:crypto";
import { AppError } from "../errors.ts";
import { listPieces } from "./json-items.ts";
import { byId, type Model, type NetworkInterface, type Origin, type Snapshot, SNAPSHOT_PARTS } from "./model.ts";

/** Must be raised when the meaning of the text changes. */
const FORMAT = 1;

const NOWHERE: Origin = { file: "", pointer: "" };

/**
 * A model as JSON text, in pieces. Two parts of interfaces are left out because they take much room and decide nothing: the
 * origin, and all tags but `Name`.
 */
export function* modelPieces(model: Model): Generator<string> {
  yield `{"format":${FORMAT},"snapshots":[`;
  for (const [at, snapshot] of model.snapshots.entries()) {
    let before = at === 0 ? "{" : ",{";
    for (const key of Object.keys(snapshot) as (keyof Snapshot)[]) {
      yield `${before}"${key}":`;
      before = ",";
      const part = snapshot[key];
      if (key === "interfaces") yield* listPieces(slimOnes(snapshot));
      else if (part instanceof Map) yield* listPieces(part.values());
      else yield JSON.stringify(part);
    }
    yield "}";
  }
  yield "]}";
}

function* slimOnes({ interfaces }: Snapshot): Generator<SlimInterface> {
  for (const one of interfaces.values()) yield slim(one);
}

/** Throws `E_STORE` for a text of another format. */
export function modelFromJson(text: string): Model {
  const stored = JSON.parse(text) as { format: number; snapshots: Record<string, unknown>[] };
  if (stored.format !== FORMAT) {
    throw new AppError("E_STORE", `the evidence file holds its model in format ${stored.format}, not ${FORMAT}`, {
      hint: "replay the logs into a new file with this version",
    });
  }
  const snapshots = stored.snapshots.map((snapshot) => {
    const parts = SNAPSHOT_PARTS.map((part) => [part, byId(snapshot[part] as { id: string }[])]);
    const interfaces = byId((snapshot.interfaces as SlimInterface[]).map(restore));
    return { ...snapshot, ...Object.fromEntries(parts), interfaces } as unknown as Snapshot;
  });
  return { snapshots, notes: [] };
}

type SlimInterface = Omit<NetworkInterface, "origin" | "tags"> & { readonly name?: string };

function slim(one: NetworkInterface): SlimInterface {
  // JSON.stringify leaves out what is undefined.
  return { ...one, origin: undefined, tags: undefined, name: one.tags.Name } as SlimInterface;
}

function restore({ name, ...one }: SlimInterface): NetworkInterface {
  const tags = Object.create(null) as Record<string, string>;
  if (name !== undefined) tags.Name = name;
  return { ...one, tags, origin: NOWHERE };
}

/** Equal for models whose stored text is equal. */
export function modelHash(model: Model): string {
  const hash = createHash("sha256");
  for (const piece of modelPieces(model)) hash.update(piece);
  return hash.digest("hex");
}
