import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { proposeEdit } from "../../src/change/what-if.ts";
import { findReport, loadCatalogue } from "../../src/report/catalogue.ts";
import { rowObject } from "../../src/report/rows.ts";
import { runReport } from "../../src/report/run-report.ts";
import { type EvidenceQuery, openEvidence } from "../../src/store/evidence-query.ts";
import { openStoredRecords } from "../../src/store/stored-records.ts";
import { effectsOf } from "../change/effects-of.ts";
import { withFolder } from "../helpers/folder.ts";
import { modelOf, writeCapture } from "../helpers/firewall/capture.ts";
import { type Chance, createChance } from "../helpers/firewall/chance.ts";
import { seeds } from "../helpers/firewall/seeds.ts";
import { TOPOLOGIES } from "../helpers/firewall/topologies/index.ts";
import { replayInto, sample } from "../helpers/samples.ts";

// Interfaces that the log has and the model has not: they were scaled away. No claim may rest on their absence.

interface Truth {
  readonly records: readonly {
    readonly id: number;
    readonly v2: [string, number];
    readonly v5: [string, number];
    readonly action: string;
    readonly sg: readonly { readonly state: string; readonly rules: readonly string[] }[];
  }[];
  readonly security_group_rules: Readonly<
    Record<string, { readonly packets: number; readonly matched_packets: number }>
  >;
  /** By `acl|direction|number`; the kernel's only. */
  readonly network_acl_entries?: Readonly<Record<string, { readonly packets: number }>>;
  readonly config_alone_does_not_predict: { readonly list: readonly { readonly id: number }[] };
}

const catalogue = loadCatalogue();
/** Milliseconds, for a busy machine. */
const PATIENCE = 600_000;

test.each(["v2", "v5"] as const)("a kernel's firewall, %s", { timeout: PATIENCE }, async (format) => {
  const file = new URL("../captures/nacl-ephemeral/truth.json.gz", import.meta.url);
  const truth = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Truth;
  const unused: number[] = [];
  for (const share of [0, 0.1, 0.5]) {
    await withFolder(async (folder) => {
      const model = partialModel(sample("nacl-ephemeral/config"), folder, share, createChance(7));
      const logs = sample(`nacl-ephemeral/${format}`);
      const db = await replayInto(folder, logs, model);
      unused.push(await checkClaims(db, truth, format));
      if (share === 0.5) await checkRemovals(db, truth, format);
    });
  }
  // Silence is no honesty: what nothing could have hit is still said.
  expect(unused[0]).toBeGreaterThan(5);
  expect(Math.min(...unused)).toBeGreaterThan(2);
});

const chosen = process.env.FLOWREPLAY_TOPOLOGY?.split(",") ?? Object.keys(TOPOLOGIES).filter((name) => name !== "big");

describe.each(chosen)("a simulated firewall: %s", (name) => {
  test.each(seeds(1))(
    "seed %i",
    async (seed) => {
      await withFolder(async (folder) => {
        const chance = createChance(seed);
        const scenario = TOPOLOGIES[name](seed, chance);
        const { truth } = writeCapture(scenario, seed, folder);
        for (const format of ["v2", "v5"] as const) {
          const part = join(folder, `partial-${format}`);
          const model = partialModel(modelOf(scenario, folder), part, chance.within(0.1, 0.5), chance);
          await checkClaims(await replayInto(part, join(folder, format), model), truth, format);
        }
      });
    },
    PATIENCE,
  );
});

/** Copies a model, or a history, without some of the interfaces that have groups. */
function partialModel(from: string, folder: string, share: number, chance: Chance): string {
  const model = join(folder, "model");
  cpSync(from, model, { recursive: true });
  const files = readdirSync(model, { recursive: true, encoding: "utf8" })
    .map((file) => join(model, file))
    .filter((file) => file.endsWith(".json") && readFileSync(file, "utf8").includes('"NetworkInterfaces"'));
  const read = (file: string): { NetworkInterfaces: { NetworkInterfaceId: string; Groups: unknown[] }[] } =>
    JSON.parse(readFileSync(file, "utf8"));
  const all = new Set(
    files
      .flatMap((file) => read(file).NetworkInterfaces.filter((one) => one.Groups.length > 0))
      .map((one) => one.NetworkInterfaceId),
  );
  const gone = new Set(chance.shuffled([...all]).slice(0, Math.round(all.size * share)));
  for (const file of files) {
    const whole = read(file);
    const left = whole.NetworkInterfaces.filter((one) => !gone.has(one.NetworkInterfaceId));
    writeFileSync(file, JSON.stringify({ ...whole, NetworkInterfaces: left }));
  }
  return model;
}

/** No claim is false; returns how many rules are rightly called unused. */
async function checkClaims(db: string, truth: Truth, format: "v2" | "v5"): Promise<number> {
  const evidence = await openEvidence(db);
  try {
    const used = new Set(
      Object.entries(truth.security_group_rules).flatMap(([id, { packets, matched_packets: matched }]) =>
        packets > 0 || matched > 0 ? id : [],
      ),
    );
    for (const [name, { packets }] of Object.entries(truth.network_acl_entries ?? {})) {
      if (packets > 0) used.add(name.replaceAll("|", "/"));
    }
    const rows = await rowsOf(evidence, "unused-rules");
    const claimed = rows.filter(({ status }) => status === "unused" || status === "unattached");
    expect(claimed.map((row) => row.rule_id).filter((id) => used.has(String(id)))).toEqual([]);
    const excused = new Set(truth.config_alone_does_not_predict.list.map(({ id }) => id));
    const places = new Set(truth.records.filter(({ id }) => excused.has(id)).map((one) => one[format].join(" ")));
    const { rows: unexplained } = await evidence.run(
      "select source_object, line from flows where agreement like 'unexpected_%' and cause = 'no_explanation'",
    );
    const found = unexplained.map(([object, line]) => `${basename(String(object))} ${line}`);
    expect(found.filter((place) => !places.has(place))).toEqual([]);
    return claimed.filter(({ status }) => status === "unused").length;
  } finally {
    evidence.close();
  }
}

/** Without a rule, whatever the firewall let in by it alone is a break, or undecided. */
async function checkRemovals(db: string, truth: Truth, format: "v2" | "v5"): Promise<void> {
  const excused = new Set(truth.config_alone_does_not_predict.list.map(({ id }) => id));
  const admitted = truth.records.filter(({ action, id }) => action === "ACCEPT" && !excused.has(id));
  const needs = admitted.flatMap((one) =>
    one.sg.flatMap(({ state, rules }) =>
      state === "new" && rules.length === 1 ? [{ rule: rules[0], record: one[format].join("|") }] : [],
    ),
  );
  const stored = await openStoredRecords(db);
  try {
    for (const rule of new Set(needs.map((one) => one.rule))) {
      const all = await effectsOf(stored, proposeEdit({ remove: [rule], add: [] }));
      const effects = new Map([...all].map(([record, effect]) => [basename(record), effect]));
      const told = needs.filter((one) => one.rule === rule).map(({ record }) => effects.get(record));
      expect(
        told.filter((effect) => !["breaks", "may_break", "unsure"].includes(effect ?? "")),
        rule,
      ).toEqual([]);
    }
  } finally {
    stored.close();
  }
}

async function rowsOf(evidence: EvidenceQuery, name: string): Promise<Record<string, unknown>[]> {
  const { columns, chunks } = await runReport(evidence, findReport(catalogue, name), { min_days: "0" });
  const names = columns.map((column) => column.name);
  const rows: Record<string, unknown>[] = [];
  for await (const chunk of chunks) rows.push(...chunk.map((values) => rowObject(names, values)));
  return rows;
}
