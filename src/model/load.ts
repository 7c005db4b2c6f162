import { collect, type Collected, emptyCollection } from "./collect.ts";
import { visitItems } from "./documents.ts";
import { MODEL_HINT, planSnapshots, readJson, type SnapshotFiles } from "./files.ts";
import { readTags } from "./interfaces.ts";
import { collectNotes, modelError, type Notes } from "./messages.ts";
import {
  byId,
  type Model,
  type SecurityGroup,
  type SecurityGroupRule,
  type Snapshot,
  SNAPSHOT_PARTS,
} from "./model.ts";
import { joinNetworkAcls } from "./network-acls.ts";
import { joinPrefixLists } from "./networks.ts";
import { readableId } from "./security-group-rules.ts";
import { readTerraform, type TerraformDocument } from "./terraform/document.ts";
import { collectTerraform } from "./terraform/networks.ts";

/**
 * Reads a model: a file or folder of `aws ec2 describe-*` JSON under any file names, Terraform states and plans, or a folder
 * of such folders named by time. `notes` say what was set aside. A model without network interfaces loads with a note.
 * @throws AppError E_MODEL, one line with file, JSON pointer and value, when the model cannot be used.
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
  return joinSnapshot(source, collected, collectTerraform(documents, collected, notes), notes);
}

/**
 * The snapshot of what was collected. `complete`: groups whose rules are all known.
 * @internal
 */
export function joinSnapshot(
  { name, since }: Pick<Snapshot, "name" | "since">,
  collected: Collected,
  complete: ReadonlySet<string>,
  notes: Notes,
): Snapshot {
  const { Subnets: subnets, NetworkInterfaces: interfaces } = collected;
  return {
    name,
    since,
    interfaces,
    subnets,
    vpcs: collected.Vpcs,
    securityGroups: joinSecurityGroups(collected, complete, notes),
    networkAcls: joinNetworkAcls(collected.NetworkAcls, subnets, interfaces, notes),
    prefixLists: joinPrefixLists(collected.PrefixLists, collected.Entries),
    routeTables: collected.RouteTables,
  };
}

/**
 * Lays a partial model (a Terraform plan, a file of groups) over a whole one: what it names replaces what was there, and
 * everything else stays as it is in the newest snapshot of `whole`.
 */
export function overlayModel(whole: Model, part: Model): Model {
  const base = whole.snapshots.at(-1);
  if (!base) return part;
  return { snapshots: part.snapshots.map((snapshot) => overlay(base, snapshot)), notes: part.notes };
}

function overlay(base: Snapshot, over: Snapshot): Snapshot {
  // A subnet has one network ACL: the one that the part gives it.
  const taken = new Set([...over.networkAcls.values()].flatMap((acl) => acl.subnetIds));
  const below = [...base.networkAcls.values()].map((acl) => {
    return { ...acl, subnetIds: acl.subnetIds.filter((subnet) => !taken.has(subnet)) };
  });
  // A network ACL that the part names without subnets (a plan with separate associations) keeps the subnets that it has.
  const above = [...over.networkAcls.values()].map((acl) => {
    const known = acl.subnetIds.length > 0 ? acl : base.networkAcls.get(acl.id);
    return { ...acl, subnetIds: known?.subnetIds ?? [] };
  });
  const parts = SNAPSHOT_PARTS.map((part) => [part, new Map<string, unknown>([...base[part], ...over[part]])]);
  return { ...over, ...Object.fromEntries(parts), networkAcls: byId([...below, ...above]) };
}

/**
 * Security groups with their rules. The rules of describe-security-group-rules come first, because they have the `sgr-…`
 * ids. A permission of describe-security-groups that is not among them is kept under a readable id: without it, traffic
 * that AWS accepted would count as denied. The groups in `complete` already have all of their rules.
 */
function joinSecurityGroups(
  collected: Collected,
  complete: ReadonlySet<string>,
  notes: Notes,
): Map<string, SecurityGroup> {
  const statedOf = new Map<string, SecurityGroupRule[]>();
  for (const { rule } of collected.SecurityGroupRules.values()) {
    const rules = statedOf.get(rule.groupId);
    if (rules) rules.push(rule);
    else statedOf.set(rule.groupId, [rule]);
  }
  const groups = new Map<string, SecurityGroup>();
  for (const group of collected.SecurityGroups.values()) {
    const stated = statedOf.get(group.id) ?? [];
    const rules = statedOf.size === 0 || complete.has(group.id) ? group.rules : joinRules(stated, group.rules, notes);
    groups.set(group.id, { ...group, rules: withPeeringStatus(rules, collected.VpcPeeringConnections) });
  }
  for (const [id, stated] of statedOf) {
    if (groups.has(id)) continue;
    notes.add("security group known only by its rules", id);
    const { ownerId, origin } = collected.SecurityGroupRules.get(stated[0].id)!;
    const rules = withPeeringStatus(stated, collected.VpcPeeringConnections);
    groups.set(id, { id, name: "", description: "", vpcId: null, ownerId, tags: readTags([]), rules, origin });
  }
  return groups;
}

function joinRules(
  stated: readonly SecurityGroupRule[],
  permitted: readonly SecurityGroupRule[],
  notes: Notes,
): SecurityGroupRule[] {
  const known = new Map<string, boolean>(stated.map((rule) => [readableId(rule), false]));
  const rules = [...stated];
  for (const rule of permitted) {
    if (!known.has(rule.id)) {
      rules.push(rule);
      notes.add("only in describe-security-groups, kept under a readable id", rule.id);
    }
    known.set(rule.id, true);
  }
  for (const rule of permitted.length > 0 ? stated : []) {
    if (!known.get(readableId(rule))) notes.add("only in describe-security-group-rules, kept", rule.id);
  }
  return rules;
}

/** A reference over a peering has the status of the peering, which describe-vpc-peering-connections may tell. */
function withPeeringStatus(
  rules: readonly SecurityGroupRule[],
  peerings: Collected["VpcPeeringConnections"],
): readonly SecurityGroupRule[] {
  if (peerings.size === 0) return rules;
  return rules.map((rule) => {
    const { peer } = rule;
    if (peer.kind !== "group" || peer.peeringId === null || peer.peeringStatus !== null) return rule;
    return { ...rule, peer: { ...peer, peeringStatus: peerings.get(peer.peeringId)?.status ?? null } };
  });
}
