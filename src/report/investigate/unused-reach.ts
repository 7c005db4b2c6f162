import { MOST_PAIRS, unusedBetween } from "../../analysis/reach/between-interfaces.ts";
import { layersOf } from "../../analysis/reach/layers.ts";
import {
  type UsedService,
  type UnusedReach,
  usedServices,
  type UsedServices,
} from "../../analysis/reach/reach-tally.ts";
import { unusedOf, unusedOutside } from "../../analysis/reach/with-outside.ts";
import type { Parameters, Plain, EvidenceQuery } from "../../store/evidence-query.ts";
import type { ColumnTypes } from "../row-stream.ts";
import { count, toRows } from "../summary-text.ts";
import { addressParameters, ofSubject, OWN_INTERFACE, type Period } from "./records-sql.ts";
import { type Known, wantedOf } from "./resolve.ts";
import type { InvestigationSection } from "./sections.ts";

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
  evidence: EvidenceQuery,
  known: Known,
  period: Period,
  limit: number,
): Promise<InvestigationSection[]> {
  const { subject, snapshot, interfaces } = known;
  if (snapshot === null || (subject.kind === "rule" && known.rules[0]?.layer !== "sg")) return [];
  const layers = layersOf(snapshot);
  const crowd = interfaces.length > MOST_WITH_OUTSIDE;
  const used = await readUses(evidence, known, period, crowd);
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

/** Connections of the whole log, those of pruned records too. Port 0 stands for the replies of untracked flows. */
const OF_LOG = /* sql */ `
with uses as (
  select distinct interface_idx, case direction when 1 then 'ingress' else 'egress' end as direction, peer, peer6, protocol, port
  from rule_traffic
  where (${OWN_INTERFACE} or ${ofSubject("peer", 4)} or ${ofSubject("peer6", 6)})
    and not (protocol in (6, 17) and port = 0)
)`;

/** Connections with an accepted record in a period. */
const OF_PERIOD = /* sql */ `
with accepted as (
  select f.interface_idx, f.protocol, f.srcport, f.dstport, j.direction, (j.direction = 'egress') = (j.initiator = 'local') as request,
    case j.direction when 'egress' then coalesce(f.pkt_dst, f.dst) else coalesce(f.pkt_src, f.src) end as peer,
    case j.direction when 'egress' then coalesce(f.pkt_dst6, f.dst6) else coalesce(f.pkt_src6, f.src6) end as peer6
  from flow_facts f join judgements j using (judgement_id)
  where f.start_s >= $from and f.start_s < $until
    and j.action = 'ACCEPT' and j.direction is not null and j.initiator in ('local', 'remote')
),
uses as (
  select distinct interface_idx, case when request then direction when direction = 'egress' then 'ingress' else 'egress' end as direction,
    peer, peer6, protocol, case when protocol not in (6, 17) then 0 when request then dstport else srcport end as port
  from accepted
  where ${OWN_INTERFACE} or ${ofSubject("peer", 4)} or ${ofSubject("peer6", 6)}
)`;

const NAMED = /* sql */ `
select i.interface_id as "interfaceId", u.direction, address_text(u.peer, u.peer6) as peer, u.protocol, u.port
from uses u join interface_dim i using (interface_idx)`;

/** Peers that are interfaces: few, however many others there are. */
const WITH_INTERFACES = /* sql */ `,
held as (select unnest(addresses) as address from interface_dim),
keys as (
  select ipv4_number(address)::ubigint as key from held where not contains(address, ':') and not contains(address, '/')
  union
  select address_key(null, ipv6_number(address)) from held where contains(address, ':') and not contains(address, '/')
)`;
const IS_INTERFACE = " where address_key(u.peer, u.peer6) in (select key from keys)";

/**
 * Who connected with the subject's interfaces and addresses, at both ends, as far as their logs were read; with
 * `interfacesOnly` without peers that are no interfaces.
 */
async function readUses(
  evidence: EvidenceQuery,
  known: Known,
  { from, until }: Period,
  interfacesOnly: boolean,
): Promise<UsedServices> {
  const wanted = wantedOf(known);
  const parameters: Parameters = { ...addressParameters(wanted), ids: wanted.interfaceIds };
  const whole = from === null && until === null;
  const rows = interfacesOnly ? WITH_INTERFACES + NAMED + IS_INTERFACE : NAMED;
  const result = whole
    ? await evidence.run(OF_LOG + rows, parameters)
    : await evidence.run(OF_PERIOD + rows, { ...parameters, from: from ?? 0, until: until ?? 4_294_967_295 });
  return usedServices(toRows(result) as unknown as Iterable<UsedService>);
}
