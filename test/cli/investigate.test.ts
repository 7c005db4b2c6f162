import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import stringWidth from "string-width";
import { beforeAll, describe, expect, test } from "vitest";
import { describeFailure } from "../../src/cli/failure.ts";
import { investigate } from "../../src/report/investigate/investigation.ts";
import type { Investigation } from "../../src/report/investigate/sections.ts";
import type { Period } from "../../src/report/investigate/subject.ts";
import { renderInvestigation, renderInvestigationJson } from "../../src/report/investigate/text.ts";
import { toRows } from "../../src/report/rows.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { openInvestigated } from "../../src/store/stored-records.ts";
import { type CliRun, flowreplay } from "../helpers/cli.ts";
import { createEvidence } from "../helpers/evidence.ts";
import { temporaryFolder } from "../helpers/folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CASES = fileURLToPath(new URL("../cases/investigate/", import.meta.url));
const folder = temporaryFolder();
const production = join(folder, "production.duckdb");
const established = join(folder, "established.duckdb");

beforeAll(() => {
  for (const [sample, format, model, db] of [
    ["production-vpc", "v5", "config", production],
    ["established", "v2", "history", established],
  ]) {
    const args = ["replay", `samples/${sample}/${format}`, "--model", `samples/${sample}/${model}`, "--db", db];
    const run = flowreplay(args, { cwd: ROOT });
    expect(run.code, run.stderr).toBe(0);
  }
}, 120_000);

const command = (db: string, ...args: string[]): CliRun => flowreplay(["investigate", "--db", db, ...args]);

type Row = Record<string, unknown>;

const ALWAYS: Period = { from: null, until: null };

/** A process for each page would take minutes; the command is tested below. */
async function find(db: string, subject: string, limit: number, period = ALWAYS): Promise<Investigation> {
  const investigated = await openInvestigated(db);
  try {
    return await investigate(investigated, subject, { period, limit });
  } finally {
    investigated.evidence.close();
  }
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

async function rows(db: string, subject: string, period = ALWAYS): Promise<Row[]> {
  return JSON.parse(await textOf(renderInvestigationJson(await find(db, subject, 10_000, period)))) as Row[];
}

const seconds = (time: string): number => Date.parse(`2025-03-04T${time}Z`) / 1000;
const PLAIN = { width: 80, style: { bold: String, dim: String } };

const sectionOf = (all: readonly Row[], section: string): Row[] => all.filter((row) => row.section === section);

/** `UPDATE_GOLDEN=1` writes the pages anew, for a person to read; never in CI. */
test.each<[string, string, string, Period?]>([
  ["scanner-outside", production, "185.220.101.34"],
  ["scanner-inside", production, "10.0.10.12"],
  ["block-ipv6", production, "2001:db8::/32"],
  ["interface", production, "eni-07719af63904c94f1"],
  ["instance", production, "i-0a7085978bd1f33f7"],
  ["group", production, "sg-09ee2a876925f04d6"],
  ["rule", production, "sgr-0229ab7721485beb9"],
  ["network-acl-entry", production, "acl-0e80141bc5b80501e/ingress/100"],
  ["history", established, "10.3.2.20"],
  ["first-minutes", established, "eni-092fc52faef5435b6", { from: seconds("09:01:00"), until: seconds("09:05:00") }],
  ["without-records", established, "10.3.2.99"],
])("the page of %s", async (name, db, subject, period = ALWAYS) => {
  const text = await textOf(renderInvestigation(await find(db, subject, 15, period), PLAIN));
  const file = `${CASES}${name}.txt`;
  if (process.env.UPDATE_GOLDEN && !process.env.CI) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
  for (const line of text.split("\n")) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
});

describe("what it says is what the records say", () => {
  const query = async (sql: string): Promise<Row[]> => {
    const evidence = await openEvidence(production);
    const rows = toRows(await evidence.run(sql));
    evidence.close();
    return rows;
  };

  test.each(["10.0.10.12", "10.0.0.40", "2600:1f18:4a3b:5c00::20"])("of %s, counted from the view", async (address) => {
    const [totals] = sectionOf(await rows(production, address), "totals");
    const near = `(direction = 'egress' and pkt_srcaddr = '${address}') or (direction = 'ingress' and pkt_dstaddr = '${address}')`;
    const [expected] = await query(
      `select count(*) as records, count_if(action = 'ACCEPT') as accepted, count_if(action = 'REJECT') as rejected,
        sum(bytes)::ubigint as bytes, min(start_time) as first_seen, max(end_time) as last_seen from flows where ${near}`,
    );
    expect(totals).toMatchObject(expected);
  });

  test("peers, their counts and who opened", async () => {
    const peers = sectionOf(await rows(production, "eni-071bcd9643d138572"), "peers");
    const expected = await query(
      `select case direction when 'egress' then dstaddr else srcaddr end as peer,
         case initiator when 'local' then 'out' when 'remote' then 'in' end as way,
         count_if(action = 'ACCEPT') as accepted, count_if(action = 'REJECT') as rejected
       from flows where interface_id = 'eni-071bcd9643d138572' and dstaddr is not null group by all`,
    );
    const key = (row: Row): string =>
      `${String(row.peer)} ${String(row.way)} ${String(row.accepted)} ${String(row.rejected)}`;
    const own = peers.filter((row) => Number(row.accepted) + Number(row.rejected) > 0);
    expect(own.map(key).sort()).toEqual(expected.map(key).sort());
  });

  test("every source that probed from outside: what got in and what it carried, in the first sentence", async () => {
    const sources = await query(
      `select srcaddr as source, count(distinct (protocol, dstport)) as ports from flows
       where action = 'REJECT' and direction = 'ingress' and initiator = 'remote'
         and srcaddr not in (select unnest(addresses) from interfaces) group by 1 order by count(*) desc, 1 limit 12`,
    );
    for (const { source } of sources) {
      const [accepted] = await query(
        `with connections as (
           select interface_id, least(srcport, dstport) as a, greatest(srcport, dstport) as b, protocol,
             sum(packets) filter (direction = 'ingress') as sent, sum(packets) filter (direction = 'egress') as back,
             sum(bytes) as bytes
           from flows where action = 'ACCEPT' and '${String(source)}' in (srcaddr, dstaddr) group by all)
         select count(*) as connections,
           count(*) filter (sent >= 3 and back >= 3 and bytes > 60 * (sent + back) + 40) as carried
         from connections`,
      );
      const [{ summary }] = await rows(production, String(source));
      const said =
        /^(?:([\d,]+) connections? accepted [^;]*?, (none|all|[\d,]+) carried data|Nothing was accepted)/.exec(
          String(summary),
        );
      expect(said, String(summary)).not.toBeNull();
      const connections = Number((said?.[1] ?? "0").replace(",", ""));
      const word = said?.[2] ?? "none";
      const carried = word === "none" ? 0 : word === "all" ? connections : Number(word.replace(",", ""));
      expect({ source, connections, carried }).toEqual({ source, ...accepted });
    }
  });

  test("no service that is called never used has an accepted connection", async () => {
    const unused = sectionOf(await rows(production, "eni-071bcd9643d138572"), "unused_reach");
    expect(unused.length).toBeGreaterThan(3);
    for (const row of unused.filter((one) => one.way === "in")) {
      for (const name of row.peers as string[]) {
        const ports = (row.services as string[]).flatMap((text) => /^tcp (\d+)$/.exec(text)?.[1] ?? []);
        const used = (row.used as string[]).map((text) => text.replace("tcp ", ""));
        const [found] = await query(
          `select count(*) as records from flows f where f.interface_id = 'eni-071bcd9643d138572' and direction = 'ingress'
             and initiator = 'remote' and action = 'ACCEPT' and protocol = 6
             and srcaddr in (select unnest(addresses) from interfaces where name = '${name}')
             and dstport in (${[...ports.filter((port) => !used.includes(port)), "-1"].join()})`,
        );
        expect(found.records, `${name} ${ports.join()}`).toBe(0);
      }
    }
  });

  test("a period counts its records only", async () => {
    const period = { from: seconds("09:03:00"), until: seconds("09:05:00") };
    const all = await rows(established, "10.3.2.20", period);
    const times = sectionOf(all, "timeline").map((row) => String(row.start_time));
    expect(times).toEqual(["2025-03-04T09:03:00Z", "2025-03-04T09:04:00Z"]);
    // The configuration is that of the period's end.
    expect(sectionOf(all, "subject").find((row) => row.fact === "snapshot")?.value).toContain("1 of 3");
  });
});

test.each([
  ["8.8.8.8", "no record, interface, subnet or rule has 8.8.8.8"],
  ["2001:db8:ffff::/48", "no record, interface, subnet or rule has 2001:db8:ffff::/48"],
  ["eni-0123", "neither the log nor the model has the interface eni-0123"],
  ["i-0123", "neither the log nor the model has the instance i-0123"],
  ["sg-0123", "neither the log nor the model has the security group sg-0123"],
  ["sgr-0123", "neither the log nor the model has the rule sgr-0123"],
  ["bastion", "cannot investigate bastion: it is not an address, block or id"],
  ["10.0.0.300", "cannot investigate 10.0.0.300: it is not an address, block or id"],
  ["'; drop table x; --\u001b[2J", "cannot investigate '; drop table x; --\\x1b[2J: it is not an address, block or id"],
])("%s is unknown: one line and a hint", async (subject, message) => {
  const error = await find(production, subject, 1).catch((thrown: unknown) => thrown);
  const { text, exitCode } = describeFailure(error);
  expect(exitCode).toBe(2);
  const [first, hint, ...rest] = text.split("\n");
  expect(first).toBe(`flowreplay: ${message}`);
  expect(hint).toMatch(/^hint: /);
  expect(rest).toEqual([""]);
});

test("a name leads to its id; the command exits 2", () => {
  const run = command(production, "bastion");
  expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 2, stdout: "" });
  expect(run.stderr).toContain("hint: bastion is the name of eni-0424308b289d6fe24");
});

test("an address known outside the period says that it has no record in it", () => {
  const run = command(production, "185.220.101.34", "--to", "2025-03-04T09:00:10Z");
  expect(run.code).toBe(0);
  expect(run.stdout).toContain("No record in the requested time");
});

test("Markdown, HTML and the suffix of -o", () => {
  const file = join(folder, "page.html");
  expect(command(production, "10.0.10.12", "-o", file).code).toBe(0);
  const page = readFileSync(file, "utf8");
  expect(page).toContain("<title>Address 10.0.10.12</title>");
  expect(page).not.toMatch(/(src|href)="(?!#|data:)/);
  const markdown = command(production, "10.0.10.12", "--output", "markdown").stdout;
  expect(markdown).toContain("# Address 10.0.10.12\n");
  expect(markdown).toMatch(/\| out \| 10\.0\.20\.11 \| db-1 \|/);
  expect(existsSync(join(folder, "page.html"))).toBe(true);
});

test("where only sums were kept it says so and shows the connections that they hold", async () => {
  const db = join(folder, "sums.duckdb");
  const args = ["replay", "samples/production-vpc/v5", "--model", "samples/production-vpc/config", "--no-flows"];
  expect(flowreplay([...args, "--db", db], { cwd: ROOT }).code).toBe(0);
  const own = await rows(db, "10.0.10.12");
  expect(String(own[0].summary)).toContain("has only sums");
  const database = sectionOf(own, "connections").find((row) => row.port === 3306 && row.peer === "10.0.21.11");
  const [expected] = sectionOf(await rows(production, "10.0.10.12"), "peers").filter(
    (row) => row.peer === "10.0.21.11",
  );
  expect(database).toMatchObject({ way: "out", bytes: expected.bytes, first_seen: expected.first_seen });
  const far = sectionOf(await rows(db, "23.94.60.7"), "connections");
  expect(new Set(far.map((row) => row.way))).toEqual(new Set(["in"]));
  const scanner = sectionOf(await rows(db, "185.220.101.34"), "connections");
  expect(scanner).toMatchObject([{ way: "out", peer: "bastion", protocol: 6, port: 8888, connections: 19 }]);
  expect(far.map((row) => row.peer)).toContain("app-2");
  const error = await find(db, "8.8.8.8", 1).catch((thrown: unknown) => thrown);
  expect(describeFailure(error).exitCode).toBe(2);
});

test("without a model, and with hostile names, it is text about the log", async () => {
  const db = join(folder, "hostile.duckdb");
  const name = "chr(27) || '[2J=cmd|<script>alert(1)</script>' || chr(8238)";
  await createEvidence(
    db,
    `insert into objects (object_id, source_object) values (1, 'x');
     insert into interface_dim (interface_idx, interface_id, modelled, name, addresses, owner_ids)
       values (0, 'eni-1', true, ${name}, ['10.0.0.5'], []), (1, 'eni-2', true, ${name}, ['10.0.0.6'], []);
     insert into judgements (judgement_id, direction, initiator, action, agreement, decided_by, sg_rule_ids)
       values (0, 'ingress', 'remote', 'ACCEPT', 'unmodelled', null, []);
     insert into flow_rows by name select 1 as object_id, 1 as line, 0 as interface_idx, sec('2026-11-01 09:00') as start_s,
       10 as duration, ip('10.0.0.6') as src, ip('10.0.0.5') as dst, 40000 as srcport, 22 as dstport, 6 as protocol,
       1 as packets, 40 as bytes, 2 as tcp_flags, 0 as judgement_id;
     insert into activity values (hour_of('2026-11-01 09:00'), 0, 0, 1, 1, 40, sec('2026-11-01 09:00'), sec('2026-11-01 09:00'));`,
  );
  const run = command(db, "eni-1");
  expect(run.code, run.stderr).toBe(0);
  expect(run.stdout).toContain("replayed without a configuration");
  // oxlint-disable-next-line no-control-regex
  expect(run.stdout).not.toMatch(/[\u001b\u202e]/);
  expect(run.stdout).toContain("10.0.0.6");
  const page = command(db, "eni-1", "--output", "html").stdout;
  expect(page).not.toContain("<script>alert(1)");
});
