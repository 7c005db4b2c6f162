import type { Model } from "../model/model.ts";
import { IPV4, ipv4Bounds } from "../net/address.ts";
import type { EvidenceQuery } from "./evidence-query.ts";

/** What tells whether a log and a model are about the same network. */
export interface ModelExtent {
  /** Owners of its interfaces and groups. */
  readonly accounts: readonly string[];
  /** First and last IPv4 address of each block of its VPCs and subnets. */
  readonly ranges: readonly (readonly [number, number])[];
}

export function extentOf({ snapshots }: Model): ModelExtent {
  const accounts = new Set<string>();
  const blocks = new Map<string, readonly [number, number]>();
  for (const { interfaces, securityGroups, vpcs, subnets } of snapshots) {
    for (const { ownerId } of [...interfaces.values(), ...securityGroups.values()]) {
      if (ownerId !== null) accounts.add(ownerId);
    }
    for (const { prefixes } of [...vpcs.values(), ...subnets.values()]) {
      for (const prefix of prefixes) {
        if (prefix.family === IPV4) blocks.set(String(ipv4Bounds(prefix)), ipv4Bounds(prefix));
      }
    }
  }
  return { accounts: [...accounts].sort(), ranges: [...blocks.values()] };
}

/** Records that are looked at: enough to tell, and quick on a file of any size. */
const SAMPLE = 100_000;

const ACCOUNTS = /* sql */ `
select distinct j.account_id
from activity a join judgements j using (judgement_id)
where j.agreement = 'unmodelled' and j.account_id <> '-'
order by 1`;

/** How many unmodelled interfaces there are, and how many of them have an address of a range in every record. */
const places = (ranges: ModelExtent["ranges"]): string => /* sql */ `
with ranges as (
  select unnest([${ranges.map(([first]) => first).join(", ")}]::uinteger[]) as first,
    unnest([${ranges.map(([, last]) => last).join(", ")}]::uinteger[]) as last
),
sample as (
  select f.interface_idx, f.src, f.dst
  from flow_facts f join judgements j using (judgement_id)
  where j.agreement = 'unmodelled' and f.src is not null
  limit ${SAMPLE}
),
inside as (
  select address
  from (select src as address from sample union select dst from sample) a
  where exists (from ranges r where a.address between r.first and r.last)
)
select count(*) as interfaces, count(*) filter (known) as known
from (
  select interface_idx, bool_and(src in (from inside) or dst in (from inside)) as known
  from sample
  group by interface_idx
)`;

/** The likely reason why a model lacks the interfaces of a log, and what to do about it. */
export async function whyUnmodelled(run: EvidenceQuery["run"], { accounts, ranges }: ModelExtent): Promise<string> {
  const logged = (await run(ACCOUNTS)).rows.map(([account]) => String(account));
  if (logged.length > 0 && accounts.length > 0 && !logged.some((account) => accounts.includes(account))) {
    return `the log is of account ${listed(logged)}, the model of ${listed(accounts)}: give --model the configuration of the log's account`;
  }
  const [[interfaces, known]] = (await run(places(ranges))).rows.map((row) => row.map(Number));
  if (known > 0 && known * 2 >= interfaces) {
    const gone =
      known === 1
        ? "1 interface is in no snapshot, its address is in its subnets: it"
        : `${known} interfaces are in no snapshot, their addresses are in its subnets: they`;
    return `${gone} lived at another time. Give --model a history of snapshots that covers the log`;
  }
  return "their addresses are in none of its VPCs: give --model the configuration of the log's region and VPC";
}

function listed(accounts: readonly string[]): string {
  const more = accounts.length > 3 ? ` and ${accounts.length - 3} more` : "";
  return `${accounts.slice(0, 3).join(", ")}${more}`;
}
