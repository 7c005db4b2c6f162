import { createHash } from "node:crypto";
import { listPieces } from "./json-pieces.ts";
import type { Model } from "./model.ts";

/** A hash that tells whether two models say the same, down to the file and place that each thing was read from. */
export function modelHash(model: Model): string {
  const hash = createHash("sha256");
  for (const snapshot of model.snapshots) {
    hash.update(`${snapshot.name}|${snapshot.since}|`);
    for (const part of [snapshot.securityGroups, snapshot.networkAcls, snapshot.interfaces, snapshot.subnets]) {
      for (const piece of listPieces(part.values())) hash.update(piece);
    }
  }
  return hash.digest("hex");
}
