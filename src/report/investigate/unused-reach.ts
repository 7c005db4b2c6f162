import { MOST_PAIRS, unusedBetween } from "../../evaluate/reach/between-interfaces.ts";
import { layersOf } from "../../evaluate/reach/layers.ts";
import type { UnusedReach } from "../../evaluate/reach/reach-tally.ts";
import { unusedOf, unusedOutside } from "../../evaluate/reach/with-outside.ts";
import type { Plain, Reader } from "../../store/reader.ts";
import type { ColumnTypes } from "../row-stream.ts";
import { count } from "../summary-text.ts";
import type { Period } from "./records-sql.ts";
import type { Known } from "./resolve.ts";
import type { InvestigationSection } from "./sections.ts";
import { readUses } from "./uses.ts";

const COLUMNS: ColumnTypes = [
  ["way", "VARCHAR"],
  ["services", "VARCHAR[]"],
  ["peers", "VARCHAR[]"],
  ["peer_count", "UBIGINT"],
  ["used", "VARCHAR[]"],
  ["certain", "BOOLEAN"],
  ["rule_ids", "VARCHAR[]"],
  ["interfaces", "VARCHAR[]"],
];

/** The outside peers of more interfaces than this are too many to hold. */
const MOST_WITH_OUTSIDE = 50;

/** Names in a cell; `peer_count` says how many there are. */
const NAMES = 20;

const WHAT = "and no accepted connection used, but for what is named as used; whether answers pass is not asked";

/**
 * What the subject could reach, or be reached from, by the stored configuration and never did. Empty without a model, and
 * for network ACL entries, which every packet meets.
 */
export async function unusedReachSections(
  reader: Reader,
  known: Known,
  period: Period,
  limit: number,
): Promise<InvestigationSection[]> {
  const { subject, snapshot, interfaces } = known;
  if (snapshot === null || (subject.kind === "rule" && known.rules[0]?.layer !== "sg")) return [];
  const layers = layersOf(snapshot);
  const crowd = interfaces.length > MOST_WITH_OUTSIDE;
  const used = await readUses(reader, known, period, crowd);
  const names = (id: string): string => snapshot.interfaces.get(id)?.tags["Name"] ?? id;
  const section = (id: string, title: string, lead: string, found: readonly UnusedReach[]): InvestigationSection => ({
    id,
    title,
    lead,
    columns: COLUMNS,
    rows: found.slice(0, limit).map((one) => cells(one, names)),
    total: found.length,
    empty: "nothing: all that the rules let begin was used, or they let nothing begin",
    shape: "table",
    brief: ["way", "services", "peer_count", "peers", "used"],
  });
  if ("prefix" in subject && interfaces.length === 0) {
    return [
      section(
        "unused_reach",
        TITLE,
        `what the rules of interfaces let begin ${WHAT}, nor whether routes and gateways lead there`,
        unusedOf(layers, subject.prefix, used),
      ),
    ];
  }
  if (interfaces.length === 0) return [];
  const ruleId = subject.kind === "rule" ? subject.id : null;
  const between = unusedBetween(layers, interfaces, used, ruleId);
  const many = `${count(interfaces.length)} interfaces and the rest of the model are more than ${count(MOST_PAIRS)} pairs: ask for one of them`;
  return [
    {
      ...section("unused_reach", TITLE, `what the rules of both ends let begin ${WHAT}`, between ?? []),
      ...(between === null ? { empty: many } : {}),
    },
    {
      ...section(
        "unused_outside",
        "Open to addresses outside the model, never used",
        "by the blocks that the rules name, as far as the network ACL lets pass",
        crowd ? [] : unusedOutside(layers, interfaces, used, ruleId),
      ),
      ...(crowd ? { empty: `not looked at for ${count(interfaces.length)} interfaces: ask for one of them` } : {}),
    },
  ];
}

const TITLE = "Possible, never seen";

function cells(one: UnusedReach, names: (id: string) => string): Plain[] {
  return [
    one.way,
    one.services,
    one.peers.slice(0, NAMES).map(names),
    one.peers.length,
    one.used,
    one.certain,
    one.rules,
    one.interfaces.slice(0, NAMES),
  ];
}
