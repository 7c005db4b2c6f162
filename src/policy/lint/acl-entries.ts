import type { NetworkAcl, NetworkAclEntry, Snapshot } from "../model.ts";
import type { Finding } from "./finding.ts";
import { type Region, subtract } from "./regions.ts";
import { prefixRegions } from "./rule-regions.ts";

/** Entries that never decide anything, because earlier ones take all of their traffic, alone or together. */
export function* unreachableEntries(snapshot: Snapshot): Generator<Finding> {
  for (const acl of snapshot.networkAcls.values()) {
    for (const list of entryLists(acl)) {
      for (const [index, { entry, region }] of list.entries()) {
        if (isDefaultDeny(entry)) continue;
        const { used, rest } = subtract(
          region,
          list.slice(0, index).map((one) => one.region),
        );
        if (rest.length > 0) continue;
        const covering = used.map((at) => list[at].entry);
        const contrary = covering.filter((one) => one.action !== entry.action);
        const names = covering.map((one) => one.number).join(", ");
        const verb = covering.length === 1 ? "decides" : "together decide";
        yield {
          check: contrary.length > 0 ? "nacl-entry-shadowed" : "nacl-entry-redundant",
          severity: contrary.length > 0 ? "medium" : "low",
          subjectId: acl.id,
          ruleIds: [entry.id],
          coveringRuleIds: covering.map((one) => one.id),
          message:
            contrary.length > 0
              ? `${entry.action} ${entry.number} is never reached: ${names} ${verb} all of its traffic, ${contrary.map((one) => `${one.action} ${one.number}`).join(", ")} against it`
              : `${entry.action} ${entry.number} changes nothing: ${names} already ${verb} the same for all of its traffic`,
          origin: entry.origin,
        };
      }
    }
  }
}

export interface EntryRegion {
  readonly entry: NetworkAclEntry;
  readonly region: Region;
}

/** The entries of a direction and a family in order: the lists that are evaluated apart. */
export function entryLists(acl: NetworkAcl): EntryRegion[][] {
  const lists = new Map<string, EntryRegion[]>();
  for (const entry of acl.entries) {
    for (const [space, region] of prefixRegions(entry, [entry.prefix])) {
      const key = `${entry.direction} ${space}`;
      const list = lists.get(key);
      if (list) list.push({ entry, region });
      else lists.set(key, [{ entry, region }]);
    }
  }
  return [...lists.values()];
}

export function isDefaultDeny(entry: NetworkAclEntry): boolean {
  return entry.id.endsWith("/*");
}
