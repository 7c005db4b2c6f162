import { type Command, InvalidArgumentError, Option } from "commander";
import { pruneFlows } from "../../store/prune.ts";
import { databaseOption, isoTime, parseTime } from "../options.ts";

interface PruneOptions {
  readonly db: string;
  readonly olderThan: number;
}

export function registerPrune(program: Command): void {
  program
    .command("prune")
    .summary("remove old flow records, keep what is counted of them")
    .description(
      "Removes flow records that ended longer ago than given, and makes the evidence file smaller. The use of rules by day," +
        " sums, coverage and the ledger stay: reports on rules keep counting, and no object is ingested again.",
    )
    .addOption(databaseOption())
    .addOption(
      new Option("--older-than <age>", "30d, 12h, 2w, or an ISO 8601 time").argParser(parseAge).makeOptionMandatory(),
    )
    .action(runPrune);
}

async function runPrune({ db, olderThan }: PruneOptions): Promise<void> {
  const { records, recordsBefore, bytes, bytesBefore } = await pruneFlows(db, olderThan);
  const count = (value: number): string => value.toLocaleString("en-US");
  const size = (value: number): string => `${(value / 1e6).toFixed(1)} MB`;
  process.stdout.write(
    records === 0
      ? `nothing to prune: none of ${count(recordsBefore)} flow records ended before ${isoTime(olderThan)}\n`
      : `${count(records)} of ${count(recordsBefore)} flow records before ${isoTime(olderThan)} removed; ` +
          `${size(bytesBefore)} became ${size(bytes)}\n`,
  );
}

/** Unix seconds. An age of nothing, or a time to come, would remove everything: that is hardly what was meant. */
function parseAge(text: string): number {
  const time = parseTime(text);
  if (time >= Math.floor(Date.now() / 1000))
    throw new InvalidArgumentError("give an age such as 30d, or a time in the past");
  if (time < 0) throw new InvalidArgumentError("that is before the first flow log");
  return time;
}
