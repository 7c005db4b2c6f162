import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { DEFAULTS, generate, type GenerateOptions } from "../generate/generate.ts";
import { HEADERS } from "../generate/record-encoder.ts";
import type { Truth } from "../generate/truth.ts";
import { packAsParquet } from "./parquet.ts";

/** Ignored by git; scenarios stay in it until the generator changes. */
export const DATA_FOLDER = ".bench-data";
const GENERATOR = fileURLToPath(new URL("../generate/", import.meta.url));
const RECORDS_PER_OBJECT = 250_000;
const FEWEST_OBJECTS = 8;

export interface Scenario {
  readonly name: string;
  readonly options: Partial<Omit<GenerateOptions, "out">> & { readonly records: number };
  /** The same records as Parquet objects. */
  readonly parquet?: boolean;
}

/** A scenario on disk, and what a replay of it must find. */
export interface Prepared {
  readonly name: string;
  readonly options: Omit<GenerateOptions, "out">;
  readonly logs: string;
  readonly objects: readonly string[];
  readonly objectBytes: number;
  readonly model: string;
  /** An object without records: what a replay of it takes is the start. */
  readonly empty: string;
  readonly truth: Truth;
}

/** Generates a scenario, unless that was done before; `note` says so. */
export async function prepare(scenario: Scenario, note: (text: string) => void): Promise<Prepared> {
  const { records } = scenario.options;
  const objects = Math.max(FEWEST_OBJECTS, Math.ceil(records / RECORDS_PER_OBJECT));
  const options = { ...DEFAULTS, objects, ...scenario.options };
  const folder = join(DATA_FOLDER, keyOf(options, scenario.parquet ?? false));
  if (!existsSync(folder)) {
    note(`generating ${scenario.name}: ${records.toLocaleString("en-US")} records`);
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    await generate({ ...options, out: unfinished });
    if (scenario.parquet) await packAsParquet(objectsIn(unfinished));
    writeFileSync(join(unfinished, "empty.log.gz"), gzipSync(`${HEADERS[options.format]}\n`));
    renameSync(unfinished, folder);
  }
  const paths = objectsIn(folder);
  // Read once, so that the first process does not find a colder disk than the others.
  const objectBytes = paths.reduce((sum, path) => sum + readFileSync(path).length, 0);
  return {
    name: scenario.name,
    options,
    logs: join(folder, "AWSLogs"),
    objects: paths,
    objectBytes,
    model: join(folder, "config"),
    empty: join(folder, "empty.log.gz"),
    truth: JSON.parse(readFileSync(join(folder, "truth.json"), "utf8")) as Truth,
  };
}

function objectsIn(folder: string): string[] {
  const logs = join(folder, "AWSLogs");
  return readdirSync(logs, { recursive: true, encoding: "utf8" })
    .map((name) => join(logs, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}

/** Readable in part; the rest tells any two sets of options and versions of the generator apart. */
function keyOf(options: object, parquet: boolean): string {
  const hash = createHash("sha256").update(JSON.stringify([options, parquet]));
  for (const file of readdirSync(GENERATOR).sort())
    hash.update(basename(file)).update(readFileSync(join(GENERATOR, file)));
  const { records, format } = options as GenerateOptions;
  return `${parquet ? "parquet" : format}-${records}-${hash.digest("hex").slice(0, 12)}`;
}
