import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadModel } from "../../src/model/load.ts";
import { modelFromJson, modelHash, modelPieces } from "../../src/model/model-json.ts";
import type { Model } from "../../src/model/model.ts";
import { packModel } from "../../src/store/stored-models.ts";

const sample = (name: string): string => fileURLToPath(new URL(`../../samples/${name}`, import.meta.url));
const NOWHERE = { file: "", pointer: "" };

/** What the text keeps of a model. */
function kept(model: Model): Model {
  const snapshots = model.snapshots.map((snapshot) => {
    const interfaces = [...snapshot.interfaces].map(([id, one]) => {
      const tags = one.tags.Name === undefined ? {} : { Name: one.tags.Name };
      return [id, { ...one, tags: Object.assign(Object.create(null), tags), origin: NOWHERE }] as const;
    });
    return { ...snapshot, interfaces: new Map(interfaces) };
  });
  return { snapshots, notes: [] };
}

test.each(["production-vpc/config", "established/history", "nacl-ephemeral/config"])(
  "%s reads back equal from its stored text",
  async (name) => {
    const model = await loadModel(sample(name));
    expect(modelFromJson([...modelPieces(model)].join(""))).toEqual(kept(model));
  },
);

test("equal models have one hash, and it is the key of the stored model", async () => {
  const [model, same, other] = await Promise.all(
    ["production-vpc/config", "production-vpc/config", "nacl-ephemeral/config"].map((name) => loadModel(sample(name))),
  );
  expect(modelHash(same)).toBe(modelHash(model));
  expect(modelHash(other)).not.toBe(modelHash(model));
  expect((await packModel(model)).key).toBe(modelHash(model));
});

test("a newer format is refused with a hint", () => {
  expect(() => modelFromJson('{"format":2,"snapshots":[]}')).toThrow("holds its model in format 2, not 1");
});
