import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { removableSet } from "../../src/change/removable.ts";
import { changesOf, proposeEdit } from "../../src/change/what-if.ts";
import { applyEdit } from "../../src/model/edit.ts";
import { openStoredRecords } from "../../src/store/stored-records.ts";
import { withFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";
import { randomNetwork, type RandomNetwork, writeNetwork } from "./random-network.ts";
import { slowChanges } from "./slow-changes.ts";

test("what goes never turns an accepted record, whatever rules and traffic; one rule more does", async () => {
  await withFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(randomNetwork, fc.boolean(), async (network, realOnly) => {
        const own = mkdtempSync(join(folder, "n"));
        const { model, log } = writeNetwork(own, network);
        const stored = await openStoredRecords(await replayInto(own, log, model));
        try {
          const { rules, of } = await removableSet(stored, { realOnly });
          const remove = rules.map(({ rule }) => rule.id);
          const inForce = [...stored.models.values()][0];
          const turned = await slowChanges(stored, inForce, applyEdit(inForce, { remove, add: [] }));
          expect(of).toBe(network.rules.length);
          if (realOnly) return;
          expect(turned.filter((change) => change.endsWith("allow>deny") && accepted(network, change))).toEqual([]);
          // No rule that stayed could have gone as well; but each that may have let a ping in stays, whatever others may.
          for (const id of network.rules.map((_, at) => `sgr-${at}`).filter((one) => !remove.includes(one))) {
            if (mayHaveAdmittedPing(network, id)) continue;
            const { tally } = await changesOf(stored, proposeEdit({ remove: [...remove, id], add: [] }));
            expect(tally.effects.breaks + tally.effects.may_break, id).toBeGreaterThan(0);
          }
        } finally {
          stored.close();
        }
      }),
      { numRuns: 15 },
    );
  });
});

/**
 * Records do not show ICMP types: of two rules for the same type none is known to be needed, and an answer counts for the
 * open rule that lets it pass as a ping of its own would.
 */
function mayHaveAdmittedPing({ rules, flows }: RandomNetwork, id: string): boolean {
  const { IpProtocol } = rules[Number(id.slice("sgr-".length))];
  const admits = IpProtocol === "icmp" || IpProtocol === "-1";
  return admits && flows.some(({ accepted, protocol }) => accepted && protocol === 1);
}

/** The record of a change was accepted: `…flow.log|<line>: …`; a flow is one line, or two with its answer. */
function accepted({ flows }: { flows: readonly { accepted: boolean; answered: boolean }[] }, change: string): boolean {
  const line = Number(/\|(\d+):/.exec(change)![1]) - 2;
  return flows.flatMap((flow) => (flow.accepted && flow.answered ? [true, true] : [flow.accepted]))[line];
}

test("in production-vpc: what was planted as unused and redundant, one of two that cover each other", async () => {
  await withFolder(async (folder) => {
    const stored = await openStoredRecords(
      await replayInto(folder, sample("production-vpc/v5"), sample("production-vpc/config")),
    );
    const idsOf = async (realOnly: boolean): Promise<string[]> =>
      (await removableSet(stored, { realOnly })).rules.map(({ rule }) => rule.id).sort();
    const strict = [
      "sgr-0f63602a6e96227cb",
      "sgr-097f89e19c7589592",
      "sgr-03586981c2dd81581",
      "sgr-02dd0897bb2ff40c4",
      "sgr-047b9d0f4e0915054",
      "sgr-03fe07318a746c80a",
      "sgr-055462ef5977ab1a6",
      "sgr-0727b0354806bc7d2",
      "sgr-024b8ff796d29232e",
      "sgr-0ee90eb46b29bcf78",
      "sgr-0be93d9ee813eb63e",
      "sgr-0b5c3b7388958b287",
    ];
    expect(await idsOf(false)).toEqual(strict.toSorted());
    expect(await idsOf(true)).toEqual([...strict, "sgr-0229ab7721485beb9"].sort());
    stored.close();
  });
});
