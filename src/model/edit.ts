import * as z from "zod";
import { AppError } from "../errors.ts";
import { parsed } from "./collect.ts";
import { collectNotes, type Notes, show } from "./messages.ts";
import { byId, type Model, type NetworkAclEntry, type SecurityGroupRule, type Snapshot } from "./model.ts";
import { orderEntries, readEntry } from "./network-acls.ts";
import { SCHEMAS } from "./schema.ts";
import { readableId, readSecurityGroupRule } from "./security-group-rules.ts";

/** A planned change: ids of rules to remove, and rules to add. */
export interface Edit {
  readonly remove: readonly string[];
  readonly add: readonly NewRule[];
}

/** A group rule or a network ACL entry that is in no model yet. */
export type NewRule =
  | { readonly kind: "group-rule"; readonly rule: SecurityGroupRule }
  | { readonly kind: "acl-entry"; readonly entry: NetworkAclEntry };

/**
 * The model with the edit made in every snapshot, as if it had always been so. What a snapshot does not know is left out:
 * snapshots of other times may know it (see `checkEdit`).
 */
export function applyEdit(model: Model, edit: Edit): Model {
  const gone = new Set(edit.remove);
  const kept = (id: string): boolean => !gone.has(id);
  return { snapshots: model.snapshots.map((one) => addTo(without(one, kept), edit.add)), notes: model.notes };
}

/** The model with some rules replaced, in the groups and snapshots that have them and in no others. */
export function replaceRules(model: Model, replacements: ReadonlyMap<string, readonly SecurityGroupRule[]>): Model {
  const snapshots = model.snapshots.map((snapshot) => {
    const securityGroups = new Map(snapshot.securityGroups);
    for (const [id, group] of securityGroups) {
      if (!group.rules.some((rule) => replacements.has(rule.id))) continue;
      const rules = group.rules.flatMap((rule) => replacements.get(rule.id) ?? [rule]);
      securityGroups.set(id, { ...group, rules: [...byId(rules).values()] });
    }
    return { ...snapshot, securityGroups };
  });
  return { snapshots, notes: model.notes };
}

/** Throws E_USAGE unless some model knows each rule that is removed, and each group or network ACL that gets a rule. */
export function checkEdit(models: readonly Model[], edit: Edit): void {
  const snapshots = models.flatMap((model) => model.snapshots);
  const ids = new Set(snapshots.flatMap(idsOf));
  for (const id of edit.remove) {
    if (!ids.has(id)) {
      throw new AppError("E_USAGE", `no rule ${show(id)} in the model`, {
        hint: id.endsWith("/*")
          ? "the default deny of a network ACL cannot be removed"
          : "reports show rule ids, e.g. `flowreplay report rule-usage`",
      });
    }
  }
  for (const one of edit.add) {
    const owner = ownerOf(one);
    const known = (snapshot: Snapshot): boolean =>
      one.kind === "group-rule" ? snapshot.securityGroups.has(owner) : snapshot.networkAcls.has(owner);
    if (!snapshots.some(known)) {
      throw new AppError("E_USAGE", `no ${show(owner)} in the model to add a rule to`, {
        hint: "a rule names its GroupId, an entry its NetworkAclId",
      });
    }
  }
}

/** All rules that can be removed. */
function idsOf({ securityGroups, networkAcls }: Snapshot): string[] {
  const rules = [...securityGroups.values()].flatMap((group) => group.rules);
  const entries = [...networkAcls.values()].flatMap((acl) => acl.entries);
  return [...rules, ...entries].map(({ id }) => id).filter((id) => !id.endsWith("/*"));
}

function ownerOf(one: NewRule): string {
  return one.kind === "group-rule" ? one.rule.groupId : one.entry.aclId;
}

function without(snapshot: Snapshot, keep: (id: string) => boolean): Snapshot {
  const groups = [...snapshot.securityGroups.values()].map((group) => {
    return { ...group, rules: group.rules.filter(({ id }) => keep(id)) };
  });
  const acls = [...snapshot.networkAcls.values()].map((acl) => {
    return { ...acl, entries: acl.entries.filter(({ id }) => id.endsWith("/*") || keep(id)) };
  });
  return { ...snapshot, securityGroups: byId(groups), networkAcls: byId(acls) };
}

function addTo(snapshot: Snapshot, added: readonly NewRule[]): Snapshot {
  if (added.length === 0) return snapshot;
  const securityGroups = new Map(snapshot.securityGroups);
  const networkAcls = new Map(snapshot.networkAcls);
  for (const one of added) {
    if (one.kind === "group-rule") {
      const group = securityGroups.get(one.rule.groupId);
      if (group) securityGroups.set(group.id, { ...group, rules: [...group.rules, one.rule] });
    } else {
      const acl = networkAcls.get(one.entry.aclId);
      if (!acl) continue;
      const entries = orderEntries(acl.id, [...acl.entries, one.entry], one.entry.origin, collectNotes());
      networkAcls.set(acl.id, { ...acl, entries });
    }
  }
  return { ...snapshot, securityGroups, networkAcls };
}

const EDIT = z.object({ remove: z.array(z.string()).default([]), add: z.array(z.unknown()).default([]) });

/** An edit from JSON: `{"remove": [rule ids], "add": [rules]}`. Other keys (an undo, a reason) are ignored. */
export function parseEdit(json: unknown, source: string): Edit {
  const { remove, add } = parsed(EDIT, json, { file: source, pointer: "" });
  return { remove, add: parseNewRules(add, source) };
}

/**
 * Rules to add, from JSON of the AWS API: an object or a list of objects as in describe-security-group-rules (GroupId,
 * IsEgress, IpProtocol, …; the id is optional) or in the Entries of describe-network-acls, with NetworkAclId. `source` names
 * the file in messages. Throws E_MODEL or E_USAGE.
 */
export function parseNewRules(json: unknown, source: string): NewRule[] {
  const notes = collectNotes();
  if (!Array.isArray(json)) return [parseNewRule(json, { file: source, pointer: "" }, notes)];
  return json.map((one, index) => parseNewRule(one, { file: source, pointer: `/${index}` }, notes));
}

function parseNewRule(json: unknown, origin: { file: string; pointer: string }, notes: Notes): NewRule {
  if (typeof json === "object" && json !== null && "NetworkAclId" in json) {
    const entry = parsed(SCHEMAS.NetworkAcls.shape.Entries.unwrap().unwrap().element, json, origin);
    return { kind: "acl-entry", entry: readEntry(String(json.NetworkAclId), entry, origin, notes) };
  }
  const draft =
    typeof json === "object" && json !== null ? { SecurityGroupRuleId: "new", IsEgress: false, ...json } : json;
  const { rule } = readSecurityGroupRule(parsed(SCHEMAS.SecurityGroupRules, draft, origin), origin, notes);
  return { kind: "group-rule", rule: rule.id === "new" ? { ...rule, id: readableId(rule) } : rule };
}
