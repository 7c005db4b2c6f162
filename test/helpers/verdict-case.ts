import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe as describeNetwork, type Network } from "./small-model.ts";

const VERDICT_CASES = fileURLToPath(new URL("../cases/verdicts/", import.meta.url));

/** What a case states of one record; what it leaves out is not looked at. Names are those of the view `flows`. */
interface ExpectedRecord {
  readonly direction?: string | null;
  readonly initiator?: string;
  readonly initiator_evidence?: string;
  readonly verdict?: string;
  readonly agreement: string;
  readonly cause?: string | null;
  readonly decided_by?: string | null;
  readonly nacl_in?: string | null;
  readonly sg_in?: string | null;
  readonly sg_out?: string | null;
  readonly nacl_out?: string | null;
  readonly nacl_rule_id?: string | null;
  readonly sg_rule_ids?: readonly string[];
  readonly snapshot?: string | null;
}

/** expected.json of a case. */
export interface Expectation {
  readonly section: string;
  readonly sentence: string;
  /** The sentence is deduced, or seen in samples only: no AWS page states it. */
  readonly inference?: true;
  readonly records: readonly ExpectedRecord[];
  /** Rows that a report has, by its name: each stands once in it, as far as it is stated. `absent` rows do not. */
  readonly reports?: Readonly<Record<string, readonly Row[]>>;
  readonly absent?: Readonly<Record<string, readonly Row[]>>;
}

export type Row = Readonly<Record<string, unknown>>;

/** Of each row the columns that the case states; `sg_rule_ids` in order. */
export function stated(rows: readonly Row[], { records }: Expectation): Row[] {
  return rows.map((row, at) => {
    const wanted = Object.keys(records[at] ?? { agreement: "" });
    return Object.fromEntries(wanted.map((key) => [key, key === "sg_rule_ids" ? sortedList(row[key]) : row[key]]));
  });
}

const sortedList = (ids: unknown): unknown => (Array.isArray(ids) ? [...ids].sort() : ids);

/** model.json of a case: a network in short notation; `base` names a file of `bases/` that it is laid over. */
type CaseModel = Partial<Network> & {
  readonly base?: string;
  /** By the name of the snapshot: what differs from the rest of the file. */
  readonly history?: Readonly<Record<string, Partial<Network>>>;
};

export interface VerdictCase {
  readonly name: string;
  readonly folder: string;
  readonly expected: Expectation;
  /** The text of each object, in the order of their names. */
  readonly logs: readonly string[];
}

/** Every folder under `test/cases/verdicts` that holds an expected.json. */
export function verdictCases(): VerdictCase[] {
  const files = readdirSync(VERDICT_CASES, { recursive: true, encoding: "utf8" }).sort();
  return files.flatMap((file) => {
    if (!file.endsWith("/expected.json")) return [];
    const folder = join(VERDICT_CASES, dirname(file));
    const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
    return {
      name: dirname(file),
      folder,
      expected: JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expectation,
      logs: logs.sort().map((name) => readFileSync(join(folder, name), "utf8")),
    };
  });
}

/** Writes the logs and the model of a case as a user has them; returns the paths. A folder `config` is a model as it is. */
export function layOut({ folder, logs }: VerdictCase, into: string): { logs: string; model: string } {
  const paths = { logs: join(into, "logs"), model: join(into, "model") };
  mkdirSync(paths.logs);
  logs.forEach((text, at) => writeFileSync(join(paths.logs, `${at}.log`), text));
  if (existsSync(join(folder, "config"))) return { ...paths, model: join(folder, "config") };
  mkdirSync(paths.model);
  const { history, ...model } = readModel(join(folder, "model.json"));
  if (!history) writeNetwork(model, paths.model);
  for (const [snapshot, changes] of Object.entries(history ?? {})) {
    const at = join(paths.model, snapshot);
    mkdirSync(at);
    writeNetwork(overlay(model, changes), at);
  }
  return paths;
}

function readModel(path: string): CaseModel {
  const { base, ...own } = JSON.parse(readFileSync(path, "utf8")) as CaseModel;
  return base === undefined ? own : overlay(readModel(join(VERDICT_CASES, "bases", `${base}.json`)), own);
}

/** Thing by thing: what `over` names replaces what was there, null takes it away. */
function overlay<T extends object>(below: T, over: T): T {
  const merged = { ...below } as Record<string, unknown>;
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    const both = isPlain(old) && isPlain(value);
    merged[key] = both ? withoutNulls({ ...old, ...value }) : value;
  }
  return merged as T;
}

function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null));
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function writeNetwork(model: Partial<Network>, folder: string): void {
  const { SecurityGroups, SecurityGroupRules, ...rest } = describeNetwork({ subnets: {}, interfaces: {}, ...model });
  const groups = withPermissions(SecurityGroups as Group[], SecurityGroupRules as Rule[]);
  for (const [key, list] of Object.entries({ SecurityGroups: groups, ...rest })) {
    writeFileSync(join(folder, `${key}.json`), JSON.stringify({ [key]: list }));
  }
}

interface Group {
  readonly GroupId: string;
}

interface Rule extends Group {
  readonly IsEgress: boolean;
  readonly CidrIpv4?: string;
  readonly CidrIpv6?: string;
  readonly PrefixListId?: string;
  readonly ReferencedGroupInfo?: object;
}

/** Rules as describe-security-groups gives them: without `sgr-` ids they go by readable ones. */
function withPermissions(groups: readonly Group[], rules: readonly Rule[]): object[] {
  return groups.map((group) => {
    const permissions = (egress: boolean): object[] =>
      rules
        .filter((rule) => rule.GroupId === group.GroupId && rule.IsEgress === egress)
        .map(({ CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo, ...service }) => ({
          ...service,
          ...(CidrIpv4 ? { IpRanges: [{ CidrIp: CidrIpv4 }] } : {}),
          ...(CidrIpv6 ? { Ipv6Ranges: [{ CidrIpv6 }] } : {}),
          ...(PrefixListId ? { PrefixListIds: [{ PrefixListId }] } : {}),
          ...(ReferencedGroupInfo ? { UserIdGroupPairs: [ReferencedGroupInfo] } : {}),
        }));
    return { ...group, IpPermissions: permissions(false), IpPermissionsEgress: permissions(true) };
  });
}
