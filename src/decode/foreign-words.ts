import { ACTION, DIRECTION, type Field, STATUS } from "./fields.ts";

/** What others write for AWS's words, in lower case. `-` is an absent value. */
const WORDS: Readonly<Record<number, Readonly<Record<string, string>> | undefined>> = {
  [ACTION]: {
    accept: "ACCEPT",
    accepted: "ACCEPT",
    allow: "ACCEPT",
    allowed: "ACCEPT",
    // OCSF 1.0 tells the action by its activity.
    traffic: "ACCEPT",
    reject: "REJECT",
    rejected: "REJECT",
    deny: "REJECT",
    denied: "REJECT",
    block: "REJECT",
    blocked: "REJECT",
    refuse: "REJECT",
    unknown: "-",
    other: "-",
  },
  [DIRECTION]: {
    ingress: "ingress",
    inbound: "ingress",
    egress: "egress",
    outbound: "egress",
    unknown: "-",
    other: "-",
    lateral: "-",
    local: "-",
  },
  [STATUS]: { ok: "OK", nodata: "NODATA", skipdata: "SKIPDATA" },
};

/** Spreadsheets and data frames write large numbers as `1.741E9`. */
const WRITTEN_BY_POWERS = /^\d(?:\.\d+)?[eE]\+?\d{1,2}$/;

/** A value of a table or document as AWS writes it: `Allowed` as ACCEPT; others as they are. */
export function awsWord({ kind }: Field, text: string): string {
  const words = WORDS[kind];
  if (words === undefined) return WRITTEN_BY_POWERS.test(text) ? String(Number(text)) : text;
  const word = text.toLowerCase();
  return Object.hasOwn(words, word) ? words[word] : text;
}
