import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip, gunzip } from "node:zlib";
import type { DuckDBBlobValue, DuckDBConnection } from "@duckdb/node-api";
import { AppError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { modelFromJson, modelPieces } from "../model/model-json.ts";
import { blobValue } from "./duckdb.ts";
import { openReadOnly } from "./read-only.ts";

const decompress = promisify(gunzip);

/** A compressed model; equal models have equal keys. */
export interface PackedModel {
  readonly key: string;
  readonly content: Uint8Array;
}

/**
 * Compresses a model piece by piece in the thread pool: the text of 100,000 interfaces is never in memory as a whole, and the
 * thread can do other work in between.
 */
export async function packModel(model: Model): Promise<PackedModel> {
  const hash = createHash("sha256");
  const zip = createGzip({ level: 3 });
  const pieces = function* (): Generator<Buffer> {
    for (const text of modelPieces(model)) {
      const piece = Buffer.from(text);
      hash.update(piece);
      yield piece;
    }
  };
  const [content] = await Promise.all([buffer(zip), pipeline(Readable.from(pieces()), zip)]);
  return { key: hash.digest("hex"), content };
}

/** Notes the model that a run was given. */
export async function noteModel(connection: DuckDBConnection, runId: number, { key }: PackedModel): Promise<void> {
  await connection.run("update runs set model_hash = $2 where run_id = $1", [runId, key]);
}

/** Notes the model a run judges with; its content is stored once, however many runs use it. */
export async function storeModel(connection: DuckDBConnection, runId: number, packed: PackedModel): Promise<void> {
  await connection.run("insert into run_models values ($1, $2)", [runId, packed.key]);
  await noteModel(connection, runId, packed);
  await connection.run(
    "insert into models select $1, $2 where not exists (select 1 from models where model_key = $1)",
    [packed.key, blobValue(packed.content)],
  );
}

/** The model of each run that had one, by run id. Runs with equal models share one object. */
export async function readModels(connection: DuckDBConnection): Promise<Map<number, Model>> {
  const used = (await connection.runAndReadAll("select run_id, model_key from run_models order by run_id")).getRows();
  const models = new Map<string, Model>();
  const stored = (await connection.runAndReadAll("select model_key, content from models")).getRows();
  for (const [key, content] of stored) {
    const text = await decompress((content as DuckDBBlobValue).bytes);
    models.set(String(key), modelFromJson(text.toString("utf8")));
  }
  return new Map(used.map(([run, key]) => [Number(run), models.get(String(key))!]));
}

/** The model of the newest run that had one; null where none had. */
export async function readNewestModel(connection: DuckDBConnection): Promise<Model | null> {
  const newest = `select content from models where model_key = (
    select arg_max(model_key, run_id) from run_models)`;
  const [row] = (await connection.runAndReadAll(newest)).getRows();
  if (row === undefined) return null;
  const text = await decompress((row[0] as DuckDBBlobValue).bytes);
  return modelFromJson(text.toString("utf8"));
}

/** The model of the newest run of an evidence file. Throws as `openReadOnly` does, and `E_STORE` if no run had one. */
export async function loadStoredModel(path: string): Promise<Model> {
  const { connection, close } = await openReadOnly(path);
  try {
    const model = await readNewestModel(connection);
    if (model !== null) return model;
    throw new AppError("E_STORE", `${path} holds no model: no replay had --model`, { hint: "give another --model" });
  } finally {
    close();
  }
}
