import type { Tone } from "../page-data.ts";

/** What is meant well, what is not, and what asks for a look. Unknown words are quiet. */
const TONES: Readonly<Record<Tone, readonly string[]>> = {
  good: ["agree", "real", "complete", "ACCEPT", "allow", "used"],
  bad: [
    "unexpected_accept",
    "scanner_only",
    "high",
    "vertical",
    "horizontal",
    "spray",
    "lateral",
    "brute_force",
    "slow",
  ],
  warn: [
    "unexpected_reject",
    "unused",
    "replyless",
    "REJECT",
    "deny",
    "gaps",
    "medium",
    "scanner",
    "accept_only",
    "reject_only",
  ],
  info: [
    "undecided",
    "unattached",
    "unobservable",
    "low",
    "late_packet",
    "tracked_after_rule_change",
    "return_path_nacl",
  ],
  quiet: [],
};

export function toneOf(word: string): Tone {
  const tones = Object.keys(TONES) as Tone[];
  return tones.find((tone) => TONES[tone].includes(word)) ?? "quiet";
}
