import { existsSync, readFileSync } from "node:fs";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/evidence.ts";

const CAPTURE = fileURLToPath(new URL("../../../shared/captures/production-vpc/", import.meta.url));
const present = existsSync(CAPTURE);
// oxlint-disable-next-line no-console -- a skipped suite says so
if (!present) console.warn("SKIPPED: reports on a real capture, because ../shared/captures is not there");

interface Planted {
  readonly kind: string;
  readonly rules?: string[];
  readonly groups?: string[];
  readonly entries?: string[];
  readonly covered_by?: string[];
}

type Row = Record<string, unknown>;

/** Sources of the scans in traffic.json; the brute force comes from these three networks. */
const SCANNERS = {
  "185.220.101.34": "vertical",
  "89.248.165.9": "vertical",
  "45.155.205.99": "horizontal",
  "10.0.10.12": "lateral",
};
const BRUTE_NETWORKS = /^(45\.155\.205|185\.220\.101|89\.248\.165)\./;

describe.skipIf(!present).each(["v2", "v5"])("production-vpc in the %s format", (format) => {
  const replayed = async (use: (report: (name: string) => Row[]) => void, drop?: RegExp): Promise<void> =>
    withFolder(async (folder) => {
      const logs = join(folder, "logs");
      cpSync(join(CAPTURE, format), logs, { recursive: true });
      for (const file of readdirSync(logs, { recursive: true }) as string[]) {
        if (drop?.test(file)) rmSync(join(logs, file));
      }
      const db = join(folder, "evidence.duckdb");
      expect(flowreplay(["replay", logs, "--model", join(CAPTURE, "config"), "--db", db]).code).toBe(0);
      use((name) => JSON.parse(flowreplay(["report", name, "--db", db, "--output", "json"]).stdout) as Row[]);
    });

  test("every planted finding is reported as planted, every scanner with its kind, no client as a scanner", async () => {
    const design = JSON.parse(readFileSync(`${CAPTURE}design.json`, "utf8")) as { planted: Planted[] };
    const planted = (kind: string): Planted[] => design.planted.filter((each) => each.kind === kind);
    const rules = (kind: string): string[] => planted(kind).flatMap((each) => each.rules ?? []);
    await replayed((report) => {
      const by = (name: string, key = "rule_id"): Map<unknown, Row> =>
        new Map(report(name).map((row) => [row[key], row]));
      const unused = by("unused-rules");
      for (const rule of rules("stale-open")) expect(unused.get(rule)?.status, rule).toBe("unused");
      for (const rule of rules("unused"))
        expect(unused.get(rule)?.status, rule).toMatch(/^(unused|insufficient_evidence)$/);
      for (const group of planted("unattached-group").flatMap((each) => each.groups ?? [])) {
        const statuses = [...unused.values()].filter((row) => row.owner_id === group).map((row) => row.status);
        expect(new Set(statuses), group).toEqual(new Set(["unattached"]));
      }
      const usage = by("rule-usage");
      for (const rule of rules("scanner-only")) expect(usage.get(rule)?.usage_class, rule).toBe("scanner_only");
      const overbroad = by("overbroad-rules");
      for (const rule of rules("wide-range")) {
        expect(overbroad.get(rule)).toMatchObject({ used_ports: [9010, 9100], scanned_ports: [9050] });
      }
      const redundant = by("redundant-rules");
      for (const each of planted("redundant")) {
        for (const rule of each.rules ?? []) expect(redundant.get(rule)?.covered_by, rule).toEqual(each.covered_by);
      }
      const shadowed = by("shadowed-rules");
      for (const entry of planted("shadowed-nacl").flatMap((each) => each.entries ?? [])) {
        expect(shadowed.has(entry.replaceAll("|", "/")), entry).toBe(true);
      }
      const probes = by("rejected-probes", "source");
      for (const [source, kind] of Object.entries(SCANNERS)) expect(probes.get(source)?.scan_kind, source).toBe(kind);
      for (const [source, row] of probes) {
        if (String(source) in SCANNERS) continue;
        expect(row.scan_kind, String(source)).toBe(BRUTE_NETWORKS.test(String(source)) ? "brute_force" : null);
      }
    });
  });

  test("without one log object nothing that it covered is called unused", async () => {
    const object = readdirSync(join(CAPTURE, format), { recursive: true }).find((file) =>
      String(file).includes("T0905Z"),
    );
    await replayed(
      (report) => {
        const gaps = report("gaps").map((row) => row.interface_id);
        expect(gaps.length).toBeGreaterThan(3);
        for (const row of report("unused-rules")) {
          if (row.status === "unused") expect(row.coverage, String(row.rule_id)).toBeGreaterThan(0.9);
        }
        expect(report("unused-rules").filter((row) => row.status === "insufficient_evidence").length).toBeGreaterThan(
          3,
        );
      },
      new RegExp(String(object).replaceAll(/.*\//g, "")),
    );
  });
});
