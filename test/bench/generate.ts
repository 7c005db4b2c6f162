// Writes a flow log and the configuration behind it: node .bench/test/bench/generate.js --out DIR [--records N] ...
import { parseArgs } from "node:util";

import { DEFAULTS, generate, type GenerateOptions } from "./generate/generate.ts";

const NUMBERS = [
  "records",
  "objects",
  "objectsPerSlot",
  "interfaces",
  "rules",
  "seed",
  "scanners",
  "admittedScanners",
  "scannerSources",
  "ipv6",
  "gzipLevel",
] as const;

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    format: { type: "string", default: DEFAULTS.format },
    ...Object.fromEntries(NUMBERS.map((name) => [name, { type: "string", default: String(DEFAULTS[name]) } as const])),
  },
});
if (values.out === undefined)
  throw new Error("usage: generate --out DIR [--records N] [--objects M] [--interfaces E] [--rules R] ...");

const numbers = Object.fromEntries(NUMBERS.map((name) => [name, Number((values as Record<string, string>)[name])]));
const options: GenerateOptions = {
  ...DEFAULTS,
  ...numbers,
  out: values.out,
  format: values.format === "v5" ? "v5" : "v2",
};
const started = performance.now();
const truth = await generate(options);
const seconds = (performance.now() - started) / 1000;
console.log(
  `${truth.records} records (${truth.accepted} ACCEPT, ${truth.rejected} REJECT, ${truth.nodata} NODATA) in ${truth.objects} objects, ` +
    `${(truth.uncompressedBytes / 1e6).toFixed(0)} MB of text, ${(truth.records / seconds / 1e6).toFixed(2)} M records/s`,
);
