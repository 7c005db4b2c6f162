import { type Command, Option } from "commander";
import { AppError } from "../../errors.ts";
import { readConfiguration, writeSnapshot } from "../../source/snapshot.ts";
import { plural } from "../../text.ts";

interface SnapshotOptions {
  readonly out: string;
  readonly region: readonly string[];
  readonly profile?: string;
}

/** A region also names a folder, so only region names are allowed. */
const REGION = /^[a-z]{2,}(-[a-z]+)+-\d+$/;

export function registerSnapshot(program: Command): void {
  program
    .command("snapshot")
    .summary("save the configuration from EC2")
    .description(
      "Reads security groups, network ACLs, network interfaces and what belongs to them from EC2, and writes them as" +
        " `aws ec2 describe-*` JSON into a folder named by the time. Several snapshots in one folder are a history.",
    )
    .requiredOption("--out <dir>", "the folder to write to")
    .addOption(
      new Option("--region <region>", "a region to read; repeatable (default: that of the profile or environment)")
        .argParser((value: string, before: readonly string[]) => [...before, ...value.split(",")])
        .default([], "none"),
    )
    .option("--profile <profile>", "the AWS profile to use")
    .action(takeSnapshot);
}

async function takeSnapshot({ out, region: regions, profile }: SnapshotOptions): Promise<void> {
  const wrong = regions.find((region) => !REGION.test(region));
  if (wrong !== undefined) throw new AppError("E_USAGE", `not a region: ${wrong}`, { hint: "as in us-east-1" });
  const time = new Date();
  let retries = 0;
  const events = { note: () => {}, retry: () => void retries++ };
  // Everything is read before anything is written, so a failure leaves nothing behind.
  const files = new Map<string, unknown>();
  for (const region of regions.length > 0 ? new Set(regions) : [undefined]) {
    const aws = { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) };
    for (const [name, value] of await readConfiguration(aws, events)) files.set(name, value);
  }
  const path = await writeSnapshot(out, time, files);
  if (retries > 0) process.stderr.write(`${plural(retries, "request")} repeated after throttling or errors\n`);
  process.stderr.write(
    `${plural(files.size, "file")} written; replay with --model ${path}, or with --model ${out} for the history\n`,
  );
  process.stdout.write(`${path}\n`);
}
