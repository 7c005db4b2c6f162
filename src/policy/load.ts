import { collect, emptyCollection } from "./collect.ts";
import { visitItems } from "./documents.ts";
import { MODEL_HINT, planSnapshots, readJson, type SnapshotFiles } from "./files.ts";
import { collectNotes, modelError, type Notes } from "./messages.ts";
import type { Model, Snapshot } from "./model.ts";
import { joinNetworkAcls } from "./network-acls.ts";
import { joinPrefixLists } from "./networks.ts";
import { readTerraform, type TerraformDocument } from "./terraform/document.ts";
import { collectTerraform } from "./terraform/collect.ts";
import { joinSecurityGroups } from "./security-groups.ts";

/**
 * Reads a model: a file or folder of `aws ec2 describe-*` JSON in any file names, or a folder of such folders named by
 * time. What is read and set aside stands in `notes`; a model without network interfaces loads with such a note.
 * @throws AppError E_MODEL, one line naming file, JSON pointer and value, when the model cannot be used.
 */
export async function loadModel(path: string): Promise<Model> {
  const notes = collectNotes();
  const snapshots: Snapshot[] = [];
  for (const files of await planSnapshots(path, notes)) {
    const snapshot = await loadSnapshot(files, notes);
    if (snapshot.interfaces.size === 0) {
      notes.add("no network interfaces in the model, every record will be unmodelled", snapshot.name);
    }
    snapshots.push(snapshot);
  }
  return { snapshots, notes: notes.lines() };
}

async function loadSnapshot(source: SnapshotFiles, notes: Notes): Promise<Snapshot> {
  const collected = emptyCollection();
  const documents: TerraformDocument[] = [];
  let recognised = false;
  for (const file of source.files) {
    const document = await readJson(file, notes);
    if (document === undefined) continue;
    const visited = visitItems(document, file, notes, (key, value, origin) =>
      collect(collected, key, value, origin, notes),
    );
    const terraform = visited ? null : readTerraform(document, file, notes);
    if (terraform) documents.push(terraform);
    if (visited || terraform) recognised = true;
    else notes.add("JSON of another kind, set aside", file);
  }
  if (!recognised) {
    throw modelError({ file: source.name, pointer: "" }, "no describe-* JSON in it", MODEL_HINT);
  }
  const complete = collectTerraform(documents, collected, notes);
  const { Subnets: subnets, NetworkInterfaces: interfaces } = collected;
  return {
    name: source.name,
    since: source.since,
    interfaces,
    subnets,
    vpcs: collected.Vpcs,
    securityGroups: joinSecurityGroups(collected, complete, notes),
    networkAcls: joinNetworkAcls(collected.NetworkAcls, subnets, interfaces, notes),
    prefixLists: joinPrefixLists(collected.PrefixLists, collected.Entries),
    routeTables: collected.RouteTables,
  };
}
