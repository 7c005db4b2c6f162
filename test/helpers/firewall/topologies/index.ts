import type { Chance } from "../chance.ts";
import type { Scenario } from "../scenario.ts";
import { changing } from "./changing.ts";
import { denseAcls } from "./dense-acls.ts";
import { ipv6Only } from "./ipv6-only.ts";
import { mesh } from "./mesh.ts";
import { peered } from "./peered.ts";
import { threeTier } from "./three-tier.ts";

/** Networks that follow from a seed, by name. */
export const TOPOLOGIES: Readonly<Record<string, (seed: number, chance: Chance) => Scenario>> = {
  mesh,
  "three-tier": threeTier,
  peered,
  "ipv6-only": ipv6Only,
  "dense-acls": denseAcls,
  changing,
  /** More than a hundred interfaces. */
  big: (seed, chance) => ({ ...mesh(seed, chance, 45), name: "big" }),
};
