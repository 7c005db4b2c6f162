import { readText } from "../../model/files.ts";
import { loadModel } from "../../model/load.ts";
import { locate } from "../../model/locate.ts";
import { modelHash } from "../../model/model-json.ts";
import type { Model, Origin } from "../../model/model.ts";
import type { EvidenceQuery } from "../../store/evidence-query.ts";
import type { Finding } from "./finding.ts";

/** Where a rule or resource is in the configuration files; `line` is null if the files have changed since the replay. */
export interface Location {
  readonly file: string;
  readonly pointer: string;
  readonly line: number | null;
}

/** By the id of a rule, entry, group, network ACL or interface. */
export type Locations = ReadonlyMap<string, Location>;

/** The locations of everything that findings name. Reads each file once. */
export async function locateInModel(model: Model, findings: Iterable<Finding>): Promise<Locations> {
  const origins = originsOf(model);
  const wanted = new Map<string, Origin>();
  for (const { ruleIds, coveringRuleIds, resourceIds } of findings) {
    for (const id of [...ruleIds, ...coveringRuleIds, ...resourceIds]) {
      const origin = origins.get(id);
      if (origin !== undefined) wanted.set(id, origin);
    }
  }
  const pointers = new Map<string, string[]>();
  for (const { file, pointer } of wanted.values()) pointers.set(file, [...(pointers.get(file) ?? []), pointer]);
  const lines = new Map<string, ReadonlyMap<string, number>>();
  for (const [file, own] of pointers) lines.set(file, locate(await readText(file), own));
  return new Map(
    [...wanted].map(([id, { file, pointer }]) => [id, { file, pointer, line: lines.get(file)?.get(pointer) ?? null }]),
  );
}

const NEWEST_RUN = "select model, model_hash from runs where model is not null order by run_id desc limit 1";
const RULE_LOCATIONS = "select rule_id, origin_file, origin_pointer from rules where origin_file is not null";

/**
 * The same from an evidence file: with lines if the files of the model are still the same, else without; `note` then says
 * why.
 */
export async function locateInEvidence(
  evidence: EvidenceQuery,
  findings: Iterable<Finding>,
  note: (text: string) => void,
): Promise<Locations> {
  const [run] = (await evidence.run(NEWEST_RUN)).rows;
  if (run === undefined) return new Map();
  const model = await loadModel(String(run[0])).catch(() => null);
  if (model !== null && modelHash(model) === run[1]) return locateInModel(model, findings);
  note(
    `the model at ${String(run[0])} ${model === null ? "cannot be read" : "has changed since"}: findings name files, not lines`,
  );
  const { rows } = await evidence.run(RULE_LOCATIONS);
  return new Map(
    rows.map(([id, file, pointer]) => [String(id), { file: String(file), pointer: String(pointer), line: null }]),
  );
}

/** The newest snapshot that has a rule or resource wins. */
function originsOf(model: Model): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const snapshot of model.snapshots) {
    for (const one of snapshot.interfaces.values()) origins.set(one.id, one.origin);
    for (const group of snapshot.securityGroups.values()) {
      origins.set(group.id, group.origin);
      for (const rule of group.rules) origins.set(rule.id, rule.origin);
    }
    for (const acl of snapshot.networkAcls.values()) {
      origins.set(acl.id, acl.origin);
      for (const entry of acl.entries) origins.set(entry.id, entry.origin);
    }
  }
  return origins;
}
