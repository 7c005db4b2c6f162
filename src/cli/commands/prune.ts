import { type Command, InvalidArgumentError, Option } from "commander";
import { pruneFlows } from "../../store/prune.ts";
import { count, isoTime, plural } from "../../text.ts";
import { databaseOption, parseTime } from "../options.ts";

interface PruneOptions {
  readonly db: string;
  readonly olderThan: number;
}

export function registerPrune(program: Command): void {
  program
    .command("prune")
    .summary("remove old flow records and keep their sums")
    .description(
      "Removes flow records that ended before the given age or time and makes the evidence file smaller. Daily rule usage," +
        " sums, coverage and the ledger stay: reports on rules still count the removed records, and no object is ingested" +
        " again.",
    )
    .addOption(databaseOption())
    .addOption(
      new Option("--older-than <age>", "30d, 12h, 2w, or an ISO 8601 time").argParser(parseAge).makeOptionMandatory(),
    )
    .action(runPrune);
}

async function runPrune({ db, olderThan }: PruneOptions): Promise<void> {
  const { records, recordsBefore, bytes, bytesBefore } = await pruneFlows(db, olderThan);
  const size = (value: number): string => `${(value / 1e6).toFixed(1)} MB`;
  process.stdout.write(
    records === 0
      ? `nothing to prune: none of ${plural(recordsBefore, "flow record")} ended before ${isoTime(olderThan)}\n`
      : `removed ${count(records)} of ${plural(recordsBefore, "flow record")}, those before ${isoTime(olderThan)}; ` +
          `file size: ${size(bytesBefore)} before, ${size(bytes)} now\n`,
  );
}

/** Unix seconds. An age of 0, or a time in the future, would remove everything, which is hardly what was meant. */
function parseAge(text: string): number {
  const time = parseTime(text);
  if (time >= Math.floor(Date.now() / 1000))
    throw new InvalidArgumentError("give an age such as 30d, or a time in the past");
  if (time < 0) throw new InvalidArgumentError("that is before the first flow log");
  return time;
}
