import type { EvidenceQuery, Parameters, Plain, Result, ResultStream } from "../store/evidence-query.ts";

/** A row by column name. */
export type Row = Readonly<Record<string, Plain>>;

/** `fromEntries` defines own properties, so a column named `__proto__` stays a column. */
export function rowObject(names: readonly string[], row: readonly Plain[]): Record<string, Plain> {
  return Object.fromEntries(names.map((name, index) => [name, row[index]]));
}

export function toRows({ columns, rows }: Result): Row[] {
  const names = columns.map((column) => column.name);
  return rows.map((row) => rowObject(names, row));
}

/** All rows of a query. */
export async function queryRows(
  evidence: Pick<EvidenceQuery, "run">,
  sql: string,
  parameters?: Parameters,
): Promise<Row[]> {
  return toRows(await evidence.run(sql, parameters));
}

/** A column of rows that are made from items: its name, its DuckDB type, and the value of an item. */
export type ItemColumns<T> = readonly (readonly [name: string, type: string, value: (item: T) => Plain])[];

/** A result with one row per item. */
export function resultOf<T>(columns: ItemColumns<T>, items: readonly T[]): Result {
  return {
    columns: columns.map(([name, type]) => ({ name, type })),
    rows: items.map((item) => columns.map(([, , value]) => value(item))),
  };
}

/** A result for the renderers. */
export function streamOf({ columns, rows }: Result): ResultStream {
  const chunks = async function* (): AsyncGenerator<readonly Plain[][]> {
    yield rows;
  };
  return { columns, chunks: chunks() };
}

/** A row of the view `rules` in the words of the AWS console: `ingress tcp 443 from 0.0.0.0/0`, `deny egress all to …`. */
export function ruleText({ direction, action, protocol, from_port: from, to_port: to, peer }: Row): string {
  const deny = action === "deny" ? "deny " : "";
  const toward = direction === "egress" ? "to" : "from";
  return `${deny}${direction} ${protocol}${portText(String(protocol), from, to)} ${toward} ${peer}`;
}

/** ` 443`, ` 8000-8010`; of ICMP the type, ` 3`, or type and code, ` 3/4`; nothing where every port matches. */
function portText(protocol: string, from: Plain | undefined, to: Plain | undefined): string {
  if (from === null || from === undefined || Number(from) < 0) return "";
  if (protocol.startsWith("icmp")) return Number(to) < 0 ? ` ${from}` : ` ${from}/${to}`;
  return from === to ? ` ${from}` : ` ${from}-${to}`;
}
