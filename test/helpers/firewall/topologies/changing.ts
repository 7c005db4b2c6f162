import type { Chance } from "../chance.ts";
import { MUTATIONS } from "../mutations.ts";
import { type Scenario, START } from "../scenario.ts";
import { mesh } from "./mesh.ts";

/** The mesh, whose configuration changes twice during the capture, a few things at a time. */
export function changing(seed: number, chance: Chance): Scenario {
  const scenario = mesh(seed, chance);
  const epochs = [...scenario.epochs];
  for (const after of [290, 610]) {
    const documents = structuredClone(epochs.at(-1)!.documents);
    const any = new Set(documents.SecurityGroupRules.map((rule) => rule.SecurityGroupRuleId));
    for (const mutate of chance.shuffled(Object.values(MUTATIONS)).slice(0, 3)) mutate(documents, chance, any);
    // A rule that comes is another one, if one came before.
    documents.SecurityGroupRules = documents.SecurityGroupRules.filter(
      (rule, at, all) => all.findIndex((other) => other.SecurityGroupRuleId === rule.SecurityGroupRuleId) === at,
    );
    epochs.push({ from: START + after, documents });
  }
  return { ...scenario, name: "changing", epochs: [{ ...epochs[0], from: START }, ...epochs.slice(1)] };
}
