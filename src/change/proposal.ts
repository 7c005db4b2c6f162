import { type Edit, editModel } from "../policy/edit.ts";
import type { Model } from "../policy/model.ts";
import { overlayModel } from "../policy/overlay.ts";

/** A configuration to compare the evidence with: made from the model that the evidence was judged with. */
export type Proposal = (inForce: Model) => Model;

/** The configuration in force with some rules removed and added. */
export function proposeEdit(edit: Edit): Proposal {
  return (inForce) => editModel(inForce, edit);
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
