import { renderAsff } from "./asff.ts";
import type { FindingDocument } from "./document.ts";
import { renderOcsf } from "./ocsf.ts";
import { renderSarif } from "./sarif.ts";

export type FindingFormat = "sarif" | "ocsf" | "asff";

/** Forms that findings travel in, by the name that `--output` takes. */
export const FINDING_RENDERERS: Readonly<Record<FindingFormat, (document: FindingDocument) => AsyncIterable<string>>> =
  { sarif: renderSarif, ocsf: renderOcsf, asff: renderAsff };
