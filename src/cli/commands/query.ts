import { type Command, Option } from "commander";
import { AppError } from "../../errors.ts";
import { openEvidence } from "../../store/evidence-query.ts";
import { databaseOption, readOptionFile } from "../options.ts";
import { fileOption, type OutputOptions, outputOption, writeRows } from "../output.ts";

interface QueryOptions extends OutputOptions {
  readonly db: string;
  readonly f?: string;
}

export function registerQuery(program: Command): void {
  program
    .command("query")
    .summary("run read-only SQL on the evidence file")
    .description(
      "Runs one SELECT on the evidence file. The SQL cannot change anything and cannot reach other files or the network.",
    )
    .argument(
      "[sql]",
      "the statement; views: flows, rules, rule_usage, interfaces, coverage, sources, bad_lines, run_manifest",
    )
    .addOption(new Option("-f <file>", "read the statement from a file, - for stdin"))
    .addOption(databaseOption())
    .addOption(outputOption("rows"))
    .addOption(fileOption())
    .action(runQuery);
}

async function runQuery(sql: string | undefined, options: QueryOptions): Promise<void> {
  const statement = statementOf(sql, options.f);
  const evidence = await openEvidence(options.db);
  try {
    await writeRows(await evidence.stream(statement), options);
  } finally {
    evidence.close();
  }
}

function statementOf(sql: string | undefined, file: string | undefined): string {
  if ((sql === undefined) === (file === undefined)) {
    throw new AppError("E_USAGE", "give the SQL as an argument or with -f <file>", {
      hint: 'e.g. flowreplay query "select agreement, count(*) from flows group by all"',
    });
  }
  if (file === undefined) return sql ?? "";
  return readOptionFile(file === "-" ? 0 : file, `the query file ${file}`).toString();
}
