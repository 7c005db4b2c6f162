import { AppError } from "../errors.ts";
import { countRetries, ec2Client } from "./aws-client.ts";
import { awsError } from "./aws-error.ts";
import type { PlanOptions } from "./source.ts";

/**
 * The field list of the records in a log group, from the flow logs that deliver to it: bare names and spaces.
 * Undefined, with a note, where nobody tells: the records are then taken for the default format and counted as bad
 * lines where they are not.
 * @throws AppError E_SOURCE where flow logs of different formats share the group.
 */
export async function fieldsOfGroup(group: string, options: PlanOptions): Promise<string | undefined> {
  const assume = (why: string): undefined =>
    options.events.note(`${why}: the default format is assumed (another one: --fields)`) as undefined;
  let formats: Set<string>;
  try {
    formats = await formatsOfGroup(group, options);
  } catch (error) {
    const told = awsError(error, "ec2:DescribeFlowLogs", `the format of ${group}`);
    if (!(told instanceof AppError)) throw told;
    return assume(told.message);
  }
  if (formats.size === 0) return assume(`no flow log delivers to ${group} now`);
  if (formats.size === 1) return [...formats][0];
  throw new AppError("E_SOURCE", `flow logs of ${formats.size} formats share the log group ${group}`, {
    hint: `choose one with --fields: ${[...formats].map((fields) => `"${fields}"`).join(" or ")}`,
  });
}

async function formatsOfGroup(group: string, { aws, events }: PlanOptions): Promise<Set<string>> {
  const client = await ec2Client(aws);
  const { DescribeFlowLogsCommand } = await import("@aws-sdk/client-ec2");
  const formats = new Set<string>();
  let NextToken: string | undefined;
  do {
    const command = new DescribeFlowLogsCommand({ Filter: [{ Name: "log-group-name", Values: [group] }], NextToken });
    const page = await client.send(countRetries(command, `find the format of ${group}`, events));
    for (const { LogFormat } of page.FlowLogs ?? []) if (LogFormat) formats.add(fieldsOf(LogFormat));
    NextToken = page.NextToken;
  } while (NextToken);
  return formats;
}

/** `${version} ${account-id}` as `version account-id`. */
export function fieldsOf(logFormat: string): string {
  return [...logFormat.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(" ");
}
