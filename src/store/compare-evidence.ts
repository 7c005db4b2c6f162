import { rmSync } from "node:fs";
import { DuckDBInstance, quotedString } from "./duckdb.ts";

/** How the judgements of two evidence files with the same records differ. */
export interface EvidenceChanges {
  /** Records that both files hold: the same line of the same object. */
  readonly records: number;
  /** Those of them with another verdict, agreement, cause, initiator, or other rules. */
  readonly changed: number;
  /** Those with another verdict or agreement. */
  readonly verdicts: number;
}

/** Only tables are read, and only these: never a view or macro of a file. */
const recordsOf = (file: string): string => /* sql */ `
  said as (
    select judgement_id, hash(verdict, agreement) as verdict,
      hash(verdict, agreement, cause, decided_by, initiator, nacl_rule_id, sg_rule_ids, sg_possible_rule_ids) as judgement
    from ${file}.main.judgements
  ),
  named as (
    select object_id, hash(source_object, row_number() over (partition by source_object order by object_id)) as object
    from ${file}.main.objects
  ),
  stored as (
    select record.object_id as object_id, record.line as line, record.judgement_id as judgement_id
    from ${file}.main.plain_records
    union all
    select record.object_id, record.line, record.judgement_id from ${file}.main.plain_records_further
    union all
    select object_id, line, judgement_id from ${file}.main.flow_rows_wide
  )
  select object, line, verdict, judgement from stored join named using (object_id) join said using (judgement_id)`;

const COMPARED = /* sql */ `
with before as (with ${recordsOf("before")}), after as (with ${recordsOf("after")})
select
  count(*)::double,
  (count(*) filter (b.judgement <> a.judgement))::double,
  (count(*) filter (b.verdict <> a.verdict))::double
from before b join after a using (object, line)`;

/** Compares two evidence files, neither of which is being written. Paths need not be known to DuckDB as its own files. */
export async function compareEvidence(before: string, after: string): Promise<EvidenceChanges> {
  const temporary = `${after}.tmp`;
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "512MB",
    temp_directory: temporary,
    autoload_known_extensions: "false",
    autoinstall_known_extensions: "false",
  });
  try {
    const connection = await instance.connect();
    await connection.run(`attach ${quotedString(before)} as before (type duckdb, read_only)`);
    await connection.run(`attach ${quotedString(after)} as after (type duckdb, read_only)`);
    await connection.run("set enable_external_access = false");
    await connection.run("set lock_configuration = true");
    const [[records, changed, verdicts]] = (await connection.runAndReadAll(COMPARED)).getRows();
    connection.closeSync();
    return { records: Number(records), changed: Number(changed), verdicts: Number(verdicts) };
  } finally {
    instance.closeSync();
    rmSync(temporary, { force: true, recursive: true });
  }
}
