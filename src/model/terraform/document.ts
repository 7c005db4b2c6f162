import { parsed } from "../collect.ts";
import { child, isObject, type JsonObject } from "../documents.ts";
import { type Notes, locationOf } from "../messages.ts";
import type { Origin } from "../model.ts";
import { type AttributesOf, TERRAFORM_SHAPES, type TerraformType } from "./shapes.ts";

/** One resource instance of a state or plan. */
interface RawResource {
  /** `module.net["a"].aws_subnet.public[0]`; it stands in for the id of a resource that is not yet applied. */
  readonly address: string;
  readonly type: string;
  readonly managed: boolean;
  readonly values: JsonObject;
  /** Of `values` (`attributes` in a state file). */
  readonly origin: Origin;
}

/** What only a plan knows. */
interface PlanFacts {
  /** Resources as they stood before a change that deletes, replaces or updates them. */
  readonly before: readonly RawResource[];
  /** True when the configuration sets the attribute, so that its value does not just repeat other resources. */
  states(address: string, attribute: string): boolean;
  /** Addresses of the resources that the expression of an attribute refers to. */
  references(address: string, attribute: string): readonly string[];
}

export interface TerraformDocument {
  readonly resources: readonly RawResource[];
  readonly plan: PlanFacts | null;
}

/**
 * `terraform show -json` of a state or a plan, or a state file of version 4; null for any other document.
 * https://developer.hashicorp.com/terraform/internals/json-format
 */
export function readTerraform(document: unknown, file: string, notes: Notes): TerraformDocument | null {
  if (!isObject(document)) return null;
  const origin = { file, pointer: "" };
  if (typeof document.format_version === "string" && (isObject(document.planned_values) || isObject(document.values))) {
    const key = isObject(document.planned_values) ? "planned_values" : "values";
    const resources = [...shown(document[key], child(origin, key))];
    // A plan repeats only the data sources that it read again; the others are in the prior state.
    const prior = shown(object(document.prior_state).values, child(origin, "prior_state", "values"));
    resources.push(...[...prior].filter((one) => !one.managed));
    return { resources, plan: key === "values" ? null : planFacts(document, origin) };
  }
  if (typeof document.terraform_version !== "string" || typeof document.version !== "number") return null;
  if (document.version === 4) return { resources: [...stateFile(document, origin)], plan: null };
  notes.add("Terraform state of an old version, set aside (use terraform show -json)", locationOf(origin));
  return { resources: [], plan: null };
}

function* shown(values: unknown, origin: Origin): Generator<RawResource> {
  yield* inModule(object(values).root_module, child(origin, "root_module"));
}

function* inModule(module: unknown, origin: Origin): Generator<RawResource> {
  for (const [index, item] of array(object(module).resources).entries()) {
    const resource = object(item);
    const { address, type, mode, values } = resource;
    if (typeof address !== "string" || typeof type !== "string" || !isObject(values)) continue;
    yield { address, type, managed: mode !== "data", values, origin: child(origin, "resources", index, "values") };
  }
  for (const [index, item] of array(object(module).child_modules).entries()) {
    yield* inModule(item, child(origin, "child_modules", index));
  }
}

function* stateFile(document: JsonObject, origin: Origin): Generator<RawResource> {
  for (const [resourceIndex, item] of array(document.resources).entries()) {
    const { module, mode, type, name, instances } = object(item);
    if (typeof type !== "string") continue;
    for (const [index, instance] of array(instances).entries()) {
      const { attributes, index_key: key } = object(instance);
      if (!isObject(attributes)) continue;
      const prefix = typeof module === "string" ? `${module}.` : "";
      const suffix = key === undefined ? "" : `[${JSON.stringify(key)}]`;
      const address = `${prefix}${mode === "data" ? "data." : ""}${type}.${String(name)}${suffix}`;
      const at = child(origin, "resources", resourceIndex, "instances", index, "attributes");
      yield { address, type, managed: mode !== "data", values: attributes, origin: at };
    }
  }
}

function planFacts(document: JsonObject, origin: Origin): PlanFacts {
  const before: RawResource[] = [];
  for (const [index, item] of array(document.resource_changes).entries()) {
    const { address, type, mode, change } = object(item);
    const { actions, before: values } = object(change);
    const changed = array(actions).some((action) => action === "delete" || action === "update");
    if (!changed || mode === "data" || typeof address !== "string" || typeof type !== "string" || !isObject(values))
      continue;
    before.push({
      address,
      type,
      managed: true,
      values,
      origin: child(origin, "resource_changes", index, "change", "before"),
    });
  }
  const expressions = new Map<string, JsonObject>();
  const walk = (module: JsonObject, prefix: string): void => {
    for (const item of array(module.resources)) {
      const { address, expressions: stated } = object(item);
      if (typeof address === "string") expressions.set(prefix + address, object(stated));
    }
    for (const [name, call] of Object.entries(object(module.module_calls))) {
      walk(object(object(call).module), `${prefix}module.${name}.`);
    }
  };
  walk(object(object(document.configuration).root_module), "");
  const expression = (address: string, attribute: string): unknown =>
    expressions.get(withoutKeys(address))?.[attribute];
  return {
    before,
    states: (address, attribute) => expression(address, attribute) !== undefined,
    references: (address, attribute) =>
      array(object(expression(address, attribute)).references).filter((one) => typeof one === "string"),
  };
}

/** An address without the keys of count and for_each: `module.a["x"].t.n[0]` becomes `module.a.t.n`. */
function withoutKeys(address: string): string {
  return address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "");
}

function object(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A validated resource of one type. */
export interface TerraformResource<T extends TerraformType> {
  readonly type: T;
  readonly address: string;
  readonly managed: boolean;
  readonly value: AttributesOf<T>;
  readonly origin: Origin;
  readonly document: TerraformDocument;
}

/** The resources of all documents of a snapshot, by type. */
export interface Resources {
  of<T extends TerraformType>(...types: T[]): TerraformResource<T>[];
  /** The attribute, or in a plan the id of the resource that its expression refers to; null when it is not known yet. */
  reference<T extends TerraformType>(
    resource: TerraformResource<T>,
    attribute: keyof AttributesOf<T> & string,
  ): string | null;
}

export function indexResources(documents: readonly TerraformDocument[]): Resources {
  const known: TerraformResource<TerraformType>[] = [];
  const byAddress = new Map<string, TerraformResource<TerraformType>[]>();
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
    of: <T extends TerraformType>(...types: T[]) =>
      known.filter((one) => types.includes(one.type as T)) as TerraformResource<T>[],
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

function validate(resource: RawResource, document: TerraformDocument): TerraformResource<TerraformType> | null {
  if (!Object.hasOwn(TERRAFORM_SHAPES, resource.type)) return null;
  const type = resource.type as TerraformType;
  const { address, managed, origin, values } = resource;
  return { type, address, managed, value: parsed(TERRAFORM_SHAPES[type], values, origin), origin, document };
}

export function idOf(resource: TerraformResource<TerraformType>): string {
  return ("id" in resource.value && resource.value.id) || resource.address;
}

/** The resources that plans change, as they are before the change. */
export function beforePlans(documents: readonly TerraformDocument[]): Resources {
  return indexResources(documents.map(({ plan }) => ({ resources: plan?.before ?? [], plan: null })));
}

export function tagList(tags: Readonly<Record<string, string | null>> | null | undefined): object[] {
  return Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}

/** Drops data sources that repeat a managed resource. */
export function once<T extends TerraformType>(list: readonly TerraformResource<T>[]): TerraformResource<T>[] {
  const managed = new Set(list.filter((one) => one.managed).map(idOf));
  return list.filter((one) => one.managed || !managed.has(idOf(one)));
}
