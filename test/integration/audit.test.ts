import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { findReport, loadCatalogue } from "../../src/report/catalogue.ts";
import { ownParameters } from "../../src/report/parameters.ts";
import { rowObject } from "../../src/report/rows.ts";
import { runReport } from "../../src/report/run-report.ts";
import { openEvidence, type Plain } from "../../src/store/evidence-query.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const DESIGN = new URL("../captures/production-vpc/design.json", import.meta.url);
const { planted } = JSON.parse(readFileSync(DESIGN, "utf8")) as { planted: Planted[] };
const catalogue = loadCatalogue();
const CONFIG = sample("production-vpc/config");
const folder = temporaryFolder();

interface Planted {
  readonly kind: string;
  readonly rules?: readonly string[];
  readonly groups?: readonly string[];
  readonly entries?: readonly string[];
  readonly shadowed_by?: readonly string[];
  readonly covered_by?: readonly string[];
}
interface Truth {
  readonly never_hit: { readonly security_group_rules: readonly string[] };
  readonly network_acl_entries: Readonly<Record<string, { readonly packets: number }>>;
}
type Row = Record<string, Plain>;

/** Sources of the scans in traffic.json; the brute force comes from these three networks. */
const SCANNERS: Readonly<Record<string, string>> = {
  "185.220.101.34": "vertical",
  "89.248.165.9": "vertical",
  "45.155.205.99": "horizontal",
  "10.0.10.12": "lateral",
};
const BRUTE_NETWORKS = /^(45\.155\.205|185\.220\.101|89\.248\.165)\./;

const of = (kind: string): Planted[] => planted.filter((one) => one.kind === kind);
const rulesOf = (kind: string): string[] => of(kind).flatMap((one) => one.rules ?? []);
const entryIds = (entries: readonly string[] | undefined): string[] =>
  (entries ?? []).map((entry) => entry.replaceAll("|", "/"));

/** Rows of a report by their key. */
async function rows(db: string, name: string): Promise<Map<Plain, Row>> {
  const query = await openEvidence(db);
  try {
    const report = findReport(catalogue, name);
    // The samples are minutes long.
    const { columns, chunks } = await runReport(query, report, ownParameters(report, { min_days: "0" }));
    const names = columns.map((column) => column.name);
    const found = new Map<Plain, Row>();
    for await (const chunk of chunks) for (const row of chunk) found.set(row[0], rowObject(names, row));
    return found;
  } finally {
    query.close();
  }
}

/** Interfaces by the rules that stand on them. */
async function interfacesOf(db: string): Promise<Map<Plain, readonly Plain[]>> {
  const query = await openEvidence(db);
  try {
    const sql =
      "select rule_id, list(interface_id) from rule_interfaces join interface_dim using (interface_idx) group by all";
    return new Map((await query.run(sql)).rows.map(([rule, ids]) => [rule, ids as readonly Plain[]]));
  } finally {
    query.close();
  }
}

let made = 0;

/** Replays the sample after `edit` has changed, or dropped, its objects. */
async function replayEdited(format: string, edit: (name: string, lines: string[]) => string[] | null): Promise<string> {
  const own = join(folder, `edited-${made++}`);
  const logs = join(own, "logs");
  cpSync(sample(`production-vpc/${format}`), logs, { recursive: true });
  for (const file of objectsOf(logs)) {
    const kept = edit(basename(file), linesOf(file));
    if (kept === null) rmSync(file);
    else writeFileSync(file, gzipSync(`${kept.join("\n")}\n`));
  }
  return replayInto(own, logs, CONFIG);
}

const objectsOf = (logs: string): string[] =>
  (readdirSync(logs, { recursive: true }) as string[])
    .filter((file) => file.endsWith(".gz"))
    .map((file) => join(logs, file));
const linesOf = (file: string): string[] => gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");

/** The minutes of each interface that a text of records touches. */
function minutesOf([header, ...records]: readonly string[]): Map<string, Set<number>> {
  const names = header.split(" ");
  const at = (name: string): number => names.indexOf(name);
  const minutes = new Map<string, Set<number>>();
  for (const record of records) {
    const fields = record.split(" ");
    const own = minutes.get(fields[at("interface-id")]) ?? new Set();
    minutes.set(fields[at("interface-id")], own);
    const last = Math.floor(Number(fields[at("end")]) / 60);
    for (let minute = Math.floor(Number(fields[at("start")]) / 60); minute <= last; minute++) own.add(minute);
  }
  return minutes;
}

describe.each(["v2", "v5"])("the audit of production-vpc in the %s format", (format) => {
  let db: string;
  beforeAll(async () => {
    const own = join(folder, format);
    mkdirSync(own);
    db = await replayInto(own, sample(`production-vpc/${format}`), CONFIG);
  }, 60_000);

  test("a stale open rule is unused, a rule that only scanners hit is scanner_only, and both should be removed", async () => {
    const unused = await rows(db, "unused-rules");
    const stale = await rows(db, "stale-open-rules");
    const usage = await rows(db, "rule-usage");
    for (const rule of rulesOf("stale-open")) {
      expect(unused.get(rule)?.status, rule).toBe("unused");
      expect(stale.get(rule), rule).toMatchObject({
        usage_class: "none",
        evidence: "complete",
        suggested_replacement: "remove, if unused-rules says unused",
      });
    }
    expect(rulesOf("scanner-only").length).toBeGreaterThan(0);
    for (const rule of rulesOf("scanner-only")) {
      expect(unused.has(rule), rule).toBe(false);
      expect(usage.get(rule)?.usage_class, rule).toBe("scanner_only");
      expect(stale.get(rule)?.suggested_replacement, rule).toBe("remove: only scanners came");
    }
    // One of them stands where records were skipped: there nothing can be said.
    const [spared, certain] = ["insufficient_evidence", "unused"].map((status) =>
      rulesOf("unused").filter((rule) => unused.get(rule)?.status === status),
    );
    expect([...spared, ...certain].sort()).toEqual(rulesOf("unused").toSorted());
    expect(certain.length).toBeGreaterThan(0);
    for (const rule of spared) expect(unused.get(rule)?.reason, rule).toContain("SKIPDATA");
  });

  test("no rule that the kernel counted is unused, and no group of an interface is unattached", async () => {
    const unused = await rows(db, "unused-rules");
    const on = await interfacesOf(db);
    for (const [rule, { status }] of unused) {
      expect(status === "unattached", String(rule)).toBe(!on.has(rule));
    }
    for (const group of of("unattached-group").flatMap((one) => one.groups ?? [])) {
      const own = [...unused.values()].filter((row) => row.owner_id === group);
      expect(own.length, group).toBeGreaterThan(0);
      expect(new Set(own.map((row) => row.status)), group).toEqual(new Set(["unattached"]));
    }
    const file = new URL("../captures/production-vpc/truth.json.gz", import.meta.url);
    const truth = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) as Truth;
    const withoutHit = [...unused.values()].filter((row) => row.layer === "sg").map((row) => row.rule_id);
    expect(withoutHit.toSorted()).toEqual(truth.never_hit.security_group_rules.toSorted());
    const entries = Object.entries(truth.network_acl_entries).filter(([, { packets }]) => packets > 0);
    expect(entries.length).toBeGreaterThan(10);
    for (const entry of entryIds(entries.map(([id]) => id))) expect(unused.has(entry), entry).toBe(false);
  });

  test("a wide port range shows exactly its used ports, and a redundant rule names the rules that cover it", async () => {
    const overbroad = await rows(db, "overbroad-rules");
    for (const rule of rulesOf("wide-range")) {
      expect(overbroad.get(rule), rule).toMatchObject({
        used_ports: [9010, 9100],
        scanned_ports: [9050],
        allowed_ports: 101,
      });
    }
    const redundant = await rows(db, "redundant-rules");
    for (const one of of("redundant")) {
      for (const rule of one.rules ?? []) expect(redundant.get(rule)?.covered_by, rule).toEqual(one.covered_by);
    }
    const alone = await rows(db, "rule-usage");
    for (const rule of redundant.keys()) expect(alone.get(rule)?.sole_connections, String(rule)).toBe(0);
  });

  test("a shadowed entry names the entry that takes its traffic", async () => {
    const shadowed = await rows(db, "shadowed-rules");
    for (const one of of("shadowed-nacl")) {
      const by = entryIds(one.shadowed_by);
      for (const [at, entry] of entryIds(one.entries).entries()) {
        expect(shadowed.get(entry)?.covered_by, entry).toEqual([by[at]]);
      }
    }
  });

  test("every scanner is found with its kind, and no client is taken for one", async () => {
    const probes = await rows(db, "rejected-probes");
    for (const [source, kind] of Object.entries(SCANNERS)) expect(probes.get(source)?.scan_kind, source).toBe(kind);
    for (const [source, { scan_kind: kind }] of probes) {
      if (String(source) in SCANNERS) continue;
      expect(kind, String(source)).toBe(BRUTE_NETWORKS.test(String(source)) ? "brute_force" : null);
    }
  });

  test("whichever object is missing, no rule is unused where that leaves a gap", async () => {
    const before = await rows(db, "unused-rules");
    const on = await interfacesOf(db);
    const objects = objectsOf(sample(`production-vpc/${format}`));
    const minutes = new Map(objects.map((file) => [basename(file), minutesOf(linesOf(file))]));
    const seconds = [...minutes.values()].flatMap((one) => [...one.values()].flatMap((own) => [...own]));
    const holes: string[] = [];
    for (const lost of minutes.keys()) {
      const holed = new Set<Plain>();
      for (const id of new Set([...minutes.values()].flatMap((one) => [...one.keys()]))) {
        const kept = new Set([...minutes].flatMap(([name, one]) => (name === lost ? [] : [...(one.get(id) ?? [])])));
        // A quiet minute may lie between two intervals; two in a row cannot.
        for (let minute = Math.min(...seconds); minute < Math.max(...seconds); minute++) {
          if (!kept.has(minute) && !kept.has(minute + 1)) holed.add(id);
        }
      }
      holes.push(`${lost}: ${holed.size}`);
      const after = await rows(
        await replayEdited(format, (name, lines) => (name === lost ? null : lines)),
        "unused-rules",
      );
      for (const [rule, { status }] of after) {
        if ((on.get(rule) ?? []).some((id) => holed.has(id)))
          expect(status, `${lost} ${String(rule)}`).toBe("insufficient_evidence");
      }
      for (const [rule, { status }] of before) {
        if (!(on.get(rule) ?? []).some((id) => holed.has(id)))
          expect(after.get(rule)?.status, String(rule)).toBe(status);
      }
    }
    // All but the last object, which holds a few records of one interface, leave holes.
    expect(holes.filter((one) => one.endsWith(": 0")).length).toBe(1);
  }, 120_000);
});

test("a log of accepted traffic proves no deny rule unused, a log of rejected traffic no allow rule", async () => {
  const only =
    (action: string) =>
    (_name: string, [header, ...records]: string[]) => {
      const at = header.split(" ").indexOf("action");
      return [header, ...records.filter((record) => [action, "-"].includes(record.split(" ")[at]))];
    };
  const accepted = await rows(await replayEdited("v5", only("ACCEPT")), "unused-rules");
  const rejected = await rows(await replayEdited("v5", only("REJECT")), "unused-rules");
  const stated = (found: Map<Plain, Row>) => [...found.values()].filter((row) => row.status === "unused");
  expect(stated(accepted).length).toBeGreaterThan(3);
  expect(new Set(stated(accepted).map((row) => row.action))).toEqual(new Set(["allow"]));
  expect(stated(rejected).filter((row) => row.action === "allow")).toEqual([]);
  const reasons = [...rejected.values()].filter((row) => row.action === "allow").map((row) => String(row.reason));
  expect(reasons.filter((reason) => reason.includes("the log holds rejected traffic only")).length).toBeGreaterThan(20);
}, 60_000);

test("a rule has insufficient evidence when records cannot tell whether it matched", async () => {
  const own = join(folder, "undecidable");
  const config = join(own, "config");
  cpSync(CONFIG, config, { recursive: true });
  const file = join(config, "security-group-rules.json");
  const model = JSON.parse(readFileSync(file, "utf8")) as { SecurityGroupRules: Record<string, unknown>[] };
  // A ping rule of sg-app, and the rule for everything on the bastion that stands in front of what is not resolved.
  const ping = model.SecurityGroupRules.find((rule) => rule.SecurityGroupRuleId === "sgr-0fed3050641ad2db8")!;
  const all = model.SecurityGroupRules.find((rule) => rule.SecurityGroupRuleId === "sgr-0014c81f89b231a49")!;
  const { CidrIpv4: _, ...anywhere } = all;
  model.SecurityGroupRules.push(
    { ...ping, SecurityGroupRuleId: "sgr-any-icmp", FromPort: -1, ToPort: -1 },
    { ...anywhere, SecurityGroupRuleId: "sgr-partners", PrefixListId: "pl-0123456789abcdef0" },
  );
  writeFileSync(file, JSON.stringify(model));
  const unused = await rows(await replayInto(own, sample("production-vpc/v5"), config), "unused-rules");
  expect(unused.has("sgr-any-icmp")).toBe(false);
  expect(unused.get("sgr-0fed3050641ad2db8")).toMatchObject({ status: "insufficient_evidence" });
  expect(unused.get("sgr-0fed3050641ad2db8")?.reason).toContain("a log that carries ICMP types");
  expect(unused.get("sgr-partners")).toMatchObject({ status: "insufficient_evidence" });
  expect(unused.get("sgr-partners")?.reason).toContain("a model that resolves the rule's peer");
}, 60_000);
