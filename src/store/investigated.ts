import type { Model } from "../policy/model.ts";
import { openEvidence } from "./open.ts";
import { bindAll, type Parameters, type Reader, readerOf } from "./reader.ts";
import { readNewestModel } from "./stored-models.ts";

/** An evidence file with the configuration that its newest run judged with; null where no run had one. */
export interface Investigated {
  readonly reader: Reader;
  readonly model: Model | null;
  /** Keeps the rows of a SELECT as a table of this session, for the statements that follow. The file stays as it is. */
  gather(table: string, sql: string, parameters: Parameters): Promise<void>;
}

/** Throws `E_STORE` as `openReader` does. */
export async function openInvestigated(path: string): Promise<Investigated> {
  const open = await openEvidence(path);
  try {
    const { connection } = open;
    return {
      reader: readerOf(open),
      model: await readNewestModel(connection),
      async gather(table, sql, parameters) {
        const statement = await connection.prepare(`create or replace temp table ${table} as ${sql}`);
        try {
          bindAll(statement, sql, parameters);
          await statement.run();
        } finally {
          statement.destroySync();
        }
      },
    };
  } catch (error) {
    open.close();
    throw error;
  }
}
