import { shapeError } from "../collect.ts";
import type { Origin } from "../model.ts";
import { type Resource, type TerraformDocument, withoutKeys } from "./document.ts";
import { type Attributes, TERRAFORM_SHAPES, type TerraformType } from "./shapes.ts";

/** A validated resource of one type. */
export interface Known<T extends TerraformType> {
  readonly type: T;
  readonly address: string;
  readonly managed: boolean;
  readonly value: Attributes<T>;
  readonly origin: Origin;
  readonly document: TerraformDocument;
}

/** The resources of all documents of a snapshot, by type. */
export interface Resources {
  of<T extends TerraformType>(...types: T[]): Known<T>[];
  /** The attribute, or in a plan the id of the resource that its expression refers to; null when nobody can tell yet. */
  reference<T extends TerraformType>(resource: Known<T>, attribute: keyof Attributes<T> & string): string | null;
}

export function indexResources(documents: readonly TerraformDocument[]): Resources {
  const known: Known<TerraformType>[] = [];
  const byAddress = new Map<string, Known<TerraformType>[]>();
  for (const document of documents) {
    for (const resource of document.resources) {
      const item = validate(resource, document);
      if (!item) continue;
      known.push(item);
      const address = withoutKeys(item.address);
      byAddress.set(address, [...(byAddress.get(address) ?? []), item]);
    }
  }
  return {
    of: <T extends TerraformType>(...types: T[]) => known.filter((one) => types.includes(one.type as T)) as Known<T>[],
    reference: (resource, attribute) => {
      const value = (resource.value as Record<string, unknown>)[attribute];
      if (typeof value === "string" && value !== "") return value;
      const module = /^((?:module\.[^.[]+(?:\[[^\]]*\])?\.)*)/.exec(resource.address)?.[1] ?? "";
      for (const target of resource.document.plan?.references(resource.address, attribute) ?? []) {
        const candidates = byAddress.get(withoutKeys(module) + withoutKeys(target)) ?? [];
        const inModule = candidates.filter((one) => one.address.startsWith(module));
        if (inModule.length === 1) return idOf(inModule[0]);
      }
      return null;
    },
  };
}

function validate(resource: Resource, document: TerraformDocument): Known<TerraformType> | null {
  if (!Object.hasOwn(TERRAFORM_SHAPES, resource.type)) return null;
  const type = resource.type as TerraformType;
  const parsed = TERRAFORM_SHAPES[type].safeParse(resource.values);
  if (!parsed.success) throw shapeError(parsed.error, resource.values, resource.origin);
  const { address, managed, origin } = resource;
  return { type, address, managed, value: parsed.data, origin, document };
}

export function idOf(resource: Known<TerraformType>): string {
  return ("id" in resource.value && resource.value.id) || resource.address;
}

/** What plans change, as it stood before. */
export function beforePlans(documents: readonly TerraformDocument[]): Resources {
  return indexResources(documents.map(({ plan }) => ({ resources: plan?.before ?? [], plan: null })));
}

export function tagList(tags: Readonly<Record<string, string | null>> | null | undefined): object[] {
  return Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}

/** Of a resource and a data source of the same thing only the resource. */
export function once<T extends TerraformType>(list: readonly Known<T>[]): Known<T>[] {
  const managed = new Set(list.filter((one) => one.managed).map(idOf));
  return list.filter((one) => one.managed || !managed.has(idOf(one)));
}
