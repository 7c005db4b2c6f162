import pLimit from "p-limit";
import { mkdir, mkdtemp, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import { awsError, countRetries, ec2Client } from "./aws.ts";
import type { AwsOptions, SourceEvents } from "./source.ts";

/** A call that answers in pages with a list under one key. Page sizes are the largest that EC2 allows. */
interface Call {
  readonly action: string;
  /** Top-level key of the answer, and of the file. */
  readonly key: string;
  /** What the list is sorted by. */
  readonly id: string;
  readonly pageSize: number;
}

const CALLS: readonly Call[] = [
  { action: "DescribeSecurityGroups", key: "SecurityGroups", id: "GroupId", pageSize: 1000 },
  { action: "DescribeSecurityGroupRules", key: "SecurityGroupRules", id: "SecurityGroupRuleId", pageSize: 1000 },
  { action: "DescribeNetworkAcls", key: "NetworkAcls", id: "NetworkAclId", pageSize: 1000 },
  { action: "DescribeNetworkInterfaces", key: "NetworkInterfaces", id: "NetworkInterfaceId", pageSize: 1000 },
  { action: "DescribeSubnets", key: "Subnets", id: "SubnetId", pageSize: 1000 },
  { action: "DescribeVpcs", key: "Vpcs", id: "VpcId", pageSize: 1000 },
  { action: "DescribeRouteTables", key: "RouteTables", id: "RouteTableId", pageSize: 100 },
  { action: "DescribeManagedPrefixLists", key: "PrefixLists", id: "PrefixListId", pageSize: 100 },
  {
    action: "DescribeVpcPeeringConnections",
    key: "VpcPeeringConnections",
    id: "VpcPeeringConnectionId",
    pageSize: 1000,
  },
  { action: "DescribeFlowLogs", key: "FlowLogs", id: "FlowLogId", pageSize: 1000 },
];
const ENTRIES: Call = { action: "GetManagedPrefixListEntries", key: "Entries", id: "Cidr", pageSize: 100 };

/** Every IAM action that a snapshot needs: the policy in src/model/README.md. */
export const SNAPSHOT_ACTIONS = [...CALLS, ENTRIES].map(({ action }) => `ec2:${action}`);

/** Requests under way at once; EC2 refills 20 a second for each kind of call. */
const PARALLEL = 8;

type Item = Readonly<Record<string, unknown>>;
/** One page of a call. */
export type SendPage = (action: string, input: Item) => Promise<Item>;

/**
 * The configuration of a region as files: name (`us-east-1/security-groups.json`) to what `aws ec2 describe-…` prints,
 * one call a file, prefix list entries as `pl-….json`. The snapshot is not of one instant: calls take their time.
 * @throws AppError E_SOURCE naming the action that failed.
 */
export async function readConfiguration(aws: AwsOptions, events: SourceEvents): Promise<Map<string, Item>> {
  const client = await ec2Client(aws);
  const region = await client.config.region().catch((error: unknown) => {
    throw awsError(error, "", "the configuration");
  });
  const sdk = (await import("@aws-sdk/client-ec2")) as unknown as Record<string, new (input: Item) => never>;
  const send: SendPage = async (action, input) => {
    const command = countRetries(new sdk[`${action}Command`]!(input), `${action} in ${region}`, events);
    const page: unknown = await client.send(command).catch((error: unknown) => {
      throw awsError(error, `ec2:${action}`, `the configuration of ${region}`);
    });
    return page as Item;
  };
  return configurationOf(region, send);
}

/** The same over any sender of pages. */
export async function configurationOf(region: string, send: SendPage): Promise<Map<string, Item>> {
  const limit = pLimit(PARALLEL);

  async function all({ action, key, id, pageSize }: Call, input: Item = {}): Promise<Item[]> {
    const items: Item[] = [];
    let NextToken: unknown;
    do {
      const page = await limit(() =>
        send(action, { ...input, MaxResults: pageSize, ...(NextToken ? { NextToken } : {}) }),
      );
      items.push(...((page[key] as Item[] | undefined) ?? []));
      NextToken = page.NextToken;
    } while (NextToken);
    return items.sort((a, b) => (String(a[id]) < String(b[id]) ? -1 : 1));
  }

  const lists = await Promise.all(CALLS.map((call) => all(call)));
  const files = new Map<string, Item>();
  for (const [i, { key, action }] of CALLS.entries()) files.set(`${region}/${fileName(action)}`, { [key]: lists[i] });
  const prefixLists = lists[CALLS.findIndex(({ key }) => key === "PrefixLists")]!;
  await Promise.all(
    prefixLists.map(async ({ PrefixListId }) => {
      const Entries = await all(ENTRIES, { PrefixListId });
      files.set(`${region}/${String(PrefixListId)}.json`, { PrefixListId, Entries });
    }),
  );
  return files;
}

/** `DescribeSecurityGroups` as `security-groups.json`. */
function fileName(action: string): string {
  return `${action
    .replace("Describe", "")
    .replace(/(?<=[a-z])(?=[A-Z])/g, "-")
    .toLowerCase()}.json`;
}

/** `2026-11-01T00-00-00Z`: the name of a snapshot in a history, in every file system. */
export function snapshotName(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
}

/**
 * Writes a snapshot as `<out>/<time>/`, all of it or nothing: into a hidden folder first, which is renamed when it is
 * complete. Returns the path.
 * @throws AppError E_USAGE when it cannot be written.
 */
export async function writeSnapshot(out: string, time: Date, files: ReadonlyMap<string, unknown>): Promise<string> {
  const path = join(out, snapshotName(time));
  let created: string | undefined;
  let partial: string | undefined;
  try {
    created = await mkdir(out, { recursive: true });
    partial = await mkdtemp(join(out, ".snapshot-"));
    for (const [name, value] of files) {
      await mkdir(dirname(join(partial, name)), { recursive: true });
      await writeFile(join(partial, name), jsonOf(value));
    }
    await rename(partial, path);
    return path;
  } catch (error) {
    if (partial) await rm(partial, { recursive: true, force: true });
    if (created) await rmdir(out).catch(() => {});
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const why = code === "ENOTEMPTY" || code === "EEXIST" ? "it exists" : code;
    throw new AppError("E_USAGE", `cannot write the snapshot ${path}: ${why}`, { cause: error });
  }
}

/** As the AWS CLI prints it, but with sorted keys: two snapshots of one configuration are equal byte by byte. */
export function jsonOf(value: unknown): string {
  return `${JSON.stringify(ordered(value), null, 2)}\n`;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (value instanceof Date) return value.toISOString().replace(/(\.000)?Z$/, "+00:00");
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, ordered((value as Record<string, unknown>)[key])]));
}
