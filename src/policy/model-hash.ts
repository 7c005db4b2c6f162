import { createHash } from "node:crypto";
import type { Model } from "./model.ts";
import { modelPieces } from "./model-json.ts";

/** A hash that tells whether two models say the same, as far as they are stored. */
export function modelHash(model: Model): string {
  const hash = createHash("sha256");
  for (const piece of modelPieces(model)) hash.update(piece);
  return hash.digest("hex");
}
