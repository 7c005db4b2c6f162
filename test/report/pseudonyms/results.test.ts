import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../src/report/catalogue.ts";
import { createPseudonyms, pseudonymisedQuery } from "../../../src/report/pseudonyms/pseudonyms.ts";
import { renderJson } from "../../../src/report/renderers/formats.ts";
import { runReport } from "../../../src/report/run-report.ts";
import { openEvidence, type EvidenceQuery } from "../../../src/store/evidence-query.ts";
import { flowreplay } from "../../helpers/cli.ts";
import { withFolder } from "../../helpers/folder.ts";

const SAMPLE = fileURLToPath(new URL("../../../samples/production-vpc/", import.meta.url));
const SECRET = "correct horse battery staple";
const fake = createPseudonyms(Buffer.from(SECRET), "secret");

/** Texts of a capture that must not leave the house: addresses, ids, accounts, names, descriptions, paths, models. */
const REAL = /* sql */ `
select distinct unnest([srcaddr, dstaddr, account_id, interface_id, source_object]) as text from flows
union select unnest([rule_id, owner_id, owner_name, peer, description]) from rules
union select unnest([interface_id, vpc_id, subnet_id, instance_id, name, description]) from interfaces
union select unnest([model, model_hash, arguments]) from run_manifest`;

/** Everything that looks like an id or an address in a text. */
const TOKENS =
  /[a-z]+-[0-9a-f]{8,17}\b|\b\d{1,3}(?:\.\d{1,3}){3}(?:\/\d+)?|\b[0-9a-f]{1,4}:[0-9a-f:]+(?:\/\d+)?|\b\d{12}\b/g;

async function realTexts(evidence: EvidenceQuery): Promise<Set<string>> {
  const { rows } = await evidence.run(REAL);
  const texts = rows.flatMap(([text]) => (typeof text === "string" && text !== "" && text !== "-" ? text : []));
  const tokens = texts.flatMap((text) => text.match(TOKENS) ?? []);
  // What means the same everywhere is no secret.
  return new Set([...texts, ...tokens].filter((text) => fake.id(text) !== text));
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value, ...(value.match(TOKENS) ?? [])];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(textsOf) : [];
}

describe("nothing real is left", () => {
  test("in any report, nor in the page", async () => {
    await withFolder(async (folder) => {
      const db = join(folder, "evidence.duckdb");
      const secret = join(folder, "secret.txt");
      writeFileSync(secret, `${SECRET}\n`);
      const args = [
        "--model",
        `${SAMPLE}config`,
        "--db",
        db,
        "--html",
        join(folder, "r.html"),
        "--pseudonymise",
        secret,
      ];
      expect(flowreplay(["replay", `${SAMPLE}v5`, ...args])).toMatchObject({ code: 0 });
      const evidence = await openEvidence(db);
      const real = await realTexts(evidence);
      expect(real.size).toBeGreaterThan(500);
      const hidden = pseudonymisedQuery(evidence, fake);
      for (const report of loadCatalogue()) {
        let json = "";
        for await (const piece of renderJson(await runReport(hidden, report))) json += piece;
        const leaks = textsOf(JSON.parse(json)).filter((text) => real.has(text));
        expect(leaks, report.name).toEqual([]);
      }
      evidence.close();
      const page = /id="data">(.*?)<\/script>/s.exec(readFileSync(join(folder, "r.html"), "utf8"));
      expect(textsOf(JSON.parse(page?.[1] ?? "")).filter((text) => real.has(text))).toEqual([]);

      const row = flowreplay(["report", "stale-open-rules", "--db", db, "--output", "json", "--pseudonymise", secret]);
      const [first] = JSON.parse(row.stdout) as { rule_id: string; peer: string; owner_name: string }[];
      expect(first).toMatchObject({
        rule_id: fake.id("sgr-0727b0354806bc7d2"),
        peer: "0.0.0.0/0",
        owner_name: fake.name("sg-legacy", "group"),
      });
      const noSecret = flowreplay(["report", "coverage", "--db", db, "--pseudonymise", join(folder, "none.txt")]);
      expect(noSecret).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot read the secret file") });
    });
  });
});
