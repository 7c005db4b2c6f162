import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findReport, loadCatalogue } from "../../src/report/catalogue.ts";
import { type Row, toRows } from "../../src/report/rows.ts";
import { runReport } from "../../src/report/run-report.ts";
import { openEvidence, type EvidenceQuery } from "../../src/store/evidence-query.ts";
import { withFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const CAPTURES = fileURLToPath(new URL("../captures/", import.meta.url));
const catalogue = loadCatalogue();

/** A flow of traffic.json: who was to do what (test/captures/README.md). */
interface PlannedFlow {
  readonly id: string;
  readonly kind: string;
  readonly from: string | readonly string[];
  readonly to: readonly string[] | string;
  readonly port?: number | readonly number[];
  readonly ports: string | readonly string[];
  /** Every port of every target. */
  readonly each?: boolean;
  readonly count?: number;
}

interface Expected {
  /** Kind by source: an address of the internet, or the name of an interface. */
  readonly sources: ReadonlyMap<string, string>;
  /** Networks of /24 that try a login port again and again, each address a few times. */
  readonly networks: readonly string[];
}

const LOGIN_PORTS = [21, 22, 23, 445, 3389];

/** Who scans, by what it was to do: not by names or thresholds. */
function scannersOf(flows: readonly PlannedFlow[]): Expected {
  const sources = new Map<string, string>();
  const networks: string[] = [];
  for (const { kind, from, to, port, each, count = 0 } of flows) {
    const origins = [from].flat();
    const targets = [to].flat();
    const ports = [port ?? []].flat();
    for (const origin of origins) {
      const source = origin.replace("internet:", "");
      const inside = !origin.startsWith("internet:");
      if (kind === "nmap") sources.set(source, "vertical");
      else if (each === true && targets.length > 3 && ports.length > 1) {
        sources.set(source, inside ? "lateral" : "horizontal");
      } else if (kind === "connect" && !inside && count >= 100 && ports.some((one) => LOGIN_PORTS.includes(one))) {
        networks.push(source.replace(/\.0\/24$/, "."));
      }
    }
  }
  return { sources, networks };
}

const report = async (evidence: EvidenceQuery, name: string): Promise<Row[]> => {
  const { columns, chunks } = await runReport(evidence, findReport(catalogue, name), {});
  const rows = [];
  for await (const chunk of chunks) rows.push(...chunk);
  return toRows({ columns, rows });
};

describe.each([
  ["production-vpc", "config"],
  ["nacl-ephemeral", "config"],
  ["established", "history"],
])("%s", (name, model) => {
  const planned = JSON.parse(readFileSync(`${CAPTURES}${name}/traffic.json`, "utf8")) as { flows: PlannedFlow[] };
  const expected = scannersOf(planned.flows);

  test.each(["v2", "v5"])("in %s every scanner has its kind, and no other source has one", async (format) => {
    await withFolder(async (folder) => {
      const evidence = await openEvidence(
        await replayInto(folder, sample(`${name}/${format}`), sample(`${name}/${model}`)),
      );
      const names = new Map(
        toRows(await evidence.run("select unnest(addresses) as address, name from interfaces")).map((row) => [
          String(row.address),
          String(row.name),
        ]),
      );
      const probes = await report(evidence, "rejected-probes");
      const kinds = new Map(probes.map((row) => [names.get(String(row.source)) ?? String(row.source), row.scan_kind]));
      for (const [source, kind] of expected.sources) expect(kinds.get(source), source).toBe(kind);
      for (const [source, kind] of kinds) {
        if (expected.sources.has(source)) continue;
        const knocks = expected.networks.some((network) => source.startsWith(network));
        expect(kind, source).toBe(knocks ? "brute_force" : null);
      }
      // The reports by kind name the same sources.
      const found = new Set<string>();
      for (const one of ["scan-vertical", "scan-horizontal", "scan-slow"]) {
        for (const row of await report(evidence, one)) found.add(names.get(String(row.source)) ?? String(row.source));
      }
      expect([...found].sort()).toEqual([...expected.sources.keys()].sort());
      evidence.close();
    });
  });
});

test("the captures have scanners of several kinds", () => {
  const planned = JSON.parse(readFileSync(`${CAPTURES}production-vpc/traffic.json`, "utf8")) as {
    flows: PlannedFlow[];
  };
  const { sources, networks } = scannersOf(planned.flows);
  expect(new Set(sources.values())).toEqual(new Set(["vertical", "horizontal", "lateral"]));
  expect(networks).toHaveLength(3);
});
