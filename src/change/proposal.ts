import { applyEdit, checkEdit, type Edit, replaceRules } from "../policy/edit.ts";
import type { Model, SecurityGroupRule } from "../policy/model.ts";
import { overlayModel } from "../policy/overlay.ts";
import type { History } from "../store/history.ts";

/** A configuration to compare the evidence with: made from the model that the evidence was judged with. */
export type Proposal = (inForce: Model) => Model;

/** The configuration in force with some rules removed and added, as far as it has them (see `checkProposal`). */
export function proposeEdit(edit: Edit): Proposal {
  return (inForce) => applyEdit(inForce, edit);
}

/** The configuration in force with other rules in place of some. */
export function proposeReplacements(replacements: ReadonlyMap<string, readonly SecurityGroupRule[]>): Proposal {
  return (inForce) => replaceRules(inForce, replacements);
}

/** Whether some configuration of the evidence, seen through `base`, has what the edit names. Throws `E_USAGE`. */
export function checkProposal({ models }: Pick<History, "models">, edit: Edit, base: Proposal): void {
  checkEdit([...models.values()].map(base), edit);
}

/**
 * A configuration of its own. With `partial`, or when it knows no interface (a Terraform plan of groups), it replaces only
 * what it names.
 */
export function proposeModel(proposed: Model, partial: boolean): Proposal {
  return isPartial(proposed) || partial ? (inForce) => overlayModel(inForce, proposed) : () => proposed;
}

export function isPartial(proposed: Model): boolean {
  return proposed.snapshots.every((snapshot) => snapshot.interfaces.size === 0);
}
