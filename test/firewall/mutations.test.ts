import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { proposeModel, replayHistory } from "../../src/change/what-if.ts";
import { loadModel } from "../../src/model/load.ts";
import { isIcmp } from "../../src/net/protocols.ts";
import { openStoredRecords } from "../../src/store/stored-records.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withFolder } from "../helpers/folder.ts";
import { type Capture, type Format, modelOf, writeCapture, writeModel } from "../helpers/firewall/capture.ts";
import { createChance } from "../helpers/firewall/chance.ts";
import { type Config, readConfig } from "../helpers/firewall/config.ts";
import { MUTATIONS } from "../helpers/firewall/mutations.ts";
import { seeds } from "../helpers/firewall/seeds.ts";
import { TOPOLOGIES } from "../helpers/firewall/topologies/index.ts";
import { recordReading } from "../helpers/firewall/truth.ts";
import { replayInto } from "../helpers/samples.ts";

const chosen = process.env.FLOWREPLAY_TOPOLOGY?.split(",") ?? ["mesh", "peered", "dense-acls"];

/** Changes of the ordinary run; `npm run test:firewall` tries all of them. */
const many = process.env.FLOWREPLAY_RUNS === undefined ? 4 : Infinity;

/** `object|line: before>after` of the records that the firewall's own rules read otherwise under the other configuration. */
function flipsOf({ records, truth, network }: Capture, format: Format, after: Config): Map<string, string> {
  const changes = new Map<string, string>();
  records.forEach((record, at) => {
    const [was, is] = [recordReading(network.configs[0], record), recordReading(after, record)];
    if (was !== is) changes.set(truth.records[at][format].join("|"), `${was}>${is}`);
  });
  return changes;
}

/** Pings whose questions and answers begin in one second: no record shows which were the questions. */
function symmetricPings(records: Capture["records"]): Set<string> {
  const starts = new Map<string, Map<string, number>>();
  for (const record of records.filter(({ protocol }) => isIcmp(protocol))) {
    const pair = pairOf(record);
    const known = starts.get(pair) ?? new Map<string, number>();
    starts.set(pair, known.set(record.dir, Math.min(record.start, known.get(record.dir) ?? Infinity)));
  }
  return new Set([...starts].flatMap(([pair, known]) => (known.get("ingress") === known.get("egress") ? [pair] : [])));
}

const pairOf = ({ eni, src, dst }: Capture["records"][number]): string => [eni, ...[src, dst].sort()].join("|");

/** Lines of which a record says too little: two flows in one, ICMP errors, answers without a connection. */
function untold({ records, truth }: Capture, format: Format): Set<string> {
  const places = truth.records.map((record) => record[format].join("|"));
  const twice = places.filter((place, at) => places.indexOf(place) !== at);
  const symmetric = symmetricPings(records);
  const blurred = records.flatMap((record, at) => {
    const { sightings } = record;
    if (isIcmp(record.protocol) && symmetric.has(pairOf(record))) return [places[at]];
    const answers = sightings.some(({ packet, groups }) => packet.reply && groups?.state === "no-connection");
    return answers || truth.records[at].blurred ? [places[at]] : [];
  });
  return new Set([...twice, ...blurred]);
}

const VERDICTS: Readonly<Record<string, string>> = { allow: "ACCEPT", deny: "REJECT" };

async function verdictsOf(db: string): Promise<Map<string, string>> {
  const evidence = await openEvidence(db);
  try {
    const { rows } = await evidence.run("select source_object, line, verdict from flows");
    return new Map(rows.map(([name, line, verdict]) => [`${basename(String(name))}|${String(line)}`, String(verdict)]));
  } finally {
    evidence.close();
  }
}

/** Milliseconds, for a busy machine. */
const PATIENCE = 600_000;

describe.each(chosen)("what-if after a capture of a simulated firewall: %s", (name) => {
  test.each(seeds(1))(
    "seed %i: the verdicts that change are those that the firewall names",
    async (seed) => {
      await withFolder(async (folder) => {
        const chance = createChance(seed);
        const capture = writeCapture(TOPOLOGIES[name](seed, chance), seed, folder);
        const { documents } = capture.scenario.epochs[0];
        const rules = Object.entries(capture.truth.security_group_rules);
        const hit = new Set(rules.flatMap(([id, { packets }]) => (packets > 0 ? [id] : [])));
        const format = seed % 2 === 0 ? "v2" : "v5";
        const log = join(folder, format);
        const db = await replayInto(join(folder, "v5"), log, modelOf(capture.scenario, folder));
        const before = await verdictsOf(db);
        const stored = await openStoredRecords(db);
        const ignored = untold(capture, format);
        const told = (changes: Map<string, string>): string[] =>
          [...changes].flatMap(([place, flip]) => (ignored.has(place) ? [] : [`${place}: ${flip}`])).sort();
        try {
          let flipped = 0;
          for (const [what, mutate] of chance.shuffled(Object.entries(MUTATIONS)).slice(0, many)) {
            const changed = structuredClone(documents);
            if (!mutate(changed, chance, hit)) continue;
            const model = join(folder, "models", what.replaceAll(/\W+/g, "-"));
            writeModel(model, changed);
            const wanted = told(flipsOf(capture, format, readConfig(changed)));

            flipped += wanted.length;
            const found = new Map<string, string>();
            const propose = proposeModel(await loadModel(model), false);
            for await (const changes of replayHistory(stored, propose, { rows: true }).changes) {
              for (const { objectId, line, outcome } of changes) {
                const place = `${basename(stored.objects[objectId]!.name)}|${line}`;
                found.set(place, `${VERDICTS[outcome.before.verdict]}>${VERDICTS[outcome.after.verdict]}`);
              }
            }
            expect(told(found), `what-if, ${what}`).toEqual(wanted);

            const after = await verdictsOf(await replayInto(model, log, model));
            const fresh = new Map(
              [...after].flatMap(([place, verdict]) => {
                const was = before.get(place)!;
                return was === verdict ? [] : [[place, `${VERDICTS[was]}>${VERDICTS[verdict]}`] as const];
              }),
            );
            expect(told(fresh), `replay, ${what}`).toEqual(wanted);
          }
          expect(flipped).toBeGreaterThan(0);
        } finally {
          stored.close();
        }
      });
    },
    PATIENCE,
  );
});
