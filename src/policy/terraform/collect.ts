import type { Collected } from "../collect.ts";
import type { Notes } from "../messages.ts";
import { collectAcls } from "./acls.ts";
import type { TerraformDocument } from "./document.ts";
import { collectGroups } from "./groups.ts";
import { collectTerraformNetworks } from "./networks.ts";
import { indexResources } from "./resources.ts";

/**
 * Adds what Terraform manages to a snapshot. States of several workspaces complete each other. Of a plan it is the
 * configuration after it is applied; what has no id yet goes by its address. Returns the ids of
 * the groups whose rules are known in full.
 */
export function collectTerraform(documents: readonly TerraformDocument[], into: Collected, notes: Notes): Set<string> {
  const resources = indexResources(documents);
  collectTerraformNetworks(resources, into, notes);
  collectAcls(resources, documents, into, notes);
  return collectGroups(resources, documents, into, notes);
}
