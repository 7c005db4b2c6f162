import { MOST_PAIRS, unusedBetween } from "../../analysis/reach/between-interfaces.ts";
import { layersOf } from "../../analysis/reach/layers.ts";
import {
  type UsedService,
  type UnusedReach,
  usedServices,
  type UsedServices,
} from "../../analysis/reach/reach-tally.ts";
import { unusedOf, unusedOutside } from "../../analysis/reach/with-outside.ts";
import type { EvidenceQuery, Parameters } from "../../store/evidence-query.ts";
import { count } from "../../text.ts";
import { type ItemColumns, queryRows, resultOf } from "../rows.ts";
import { addressParameters, ofSubject, OWN_INTERFACE } from "./records-sql.ts";
import { type ResolvedSubject, subjectRecords } from "./resolve.ts";
import { type InvestigationSection, tableSection } from "./sections.ts";
import type { Period } from "./subject.ts";

/** For more interfaces than this, the outside peers would take too much memory. */
const MOST_WITH_OUTSIDE = 50;

/** Most names in a cell; `peer_count` has their number. */
const NAMES = 20;

const WHAT = "and no accepted connection used, except what is listed as used; whether replies pass is not checked";

/**
 * What the stored configuration would let the subject reach, or be reached from, and was never used. Empty without a model, and
 * for network ACL entries, which apply to every packet.
 */
export async function unusedReachSections(
  evidence: EvidenceQuery,
  known: ResolvedSubject,
  period: Period,
  limit: number,
): Promise<InvestigationSection[]> {
  const { subject, snapshot, interfaces } = known;
  if (snapshot === null || (subject.kind === "rule" && known.rules[0]?.layer !== "sg")) return [];
  const layers = layersOf(snapshot);
  const crowd = interfaces.length > MOST_WITH_OUTSIDE;
  const used = await readUses(evidence, known, period, crowd);
  const columns = columnsWith((id) => snapshot.interfaces.get(id)?.tags["Name"] ?? id);
  const section = (id: string, title: string, lead: string, found: readonly UnusedReach[]): InvestigationSection =>
    tableSection(resultOf(columns, found.slice(0, limit)), {
      id,
      title,
      lead,
      total: found.length,
      empty: "nothing: everything that the rules allow to begin was used, or they allow nothing",
      brief: ["way", "services", "peer_count", "peers", "used"],
    });
  if ("prefix" in subject && interfaces.length === 0) {
    return [
      section(
        "unused_reach",
        TITLE,
        `what the rules of interfaces allow to begin ${WHAT}, nor whether routes and gateways lead there`,
        unusedOf(layers, subject.prefix, used),
      ),
    ];
  }
  if (interfaces.length === 0) return [];
  const ruleId = subject.kind === "rule" ? subject.id : null;
  const between = unusedBetween(layers, interfaces, used, ruleId);
  const many = `not checked: ${count(interfaces.length)} interfaces and the rest of the model are more than ${count(MOST_PAIRS)} pairs; investigate one of them`;
  return [
    {
      ...section("unused_reach", TITLE, `what the rules of both ends allow to begin ${WHAT}`, between ?? []),
      ...(between === null ? { empty: many } : {}),
    },
    {
      ...section(
        "unused_outside",
        "Open to addresses outside the model, but never used",
        "blocks of the rules, as far as the network ACL allows them",
        crowd ? [] : unusedOutside(layers, interfaces, used, ruleId),
      ),
      ...(crowd ? { empty: `not checked for ${count(interfaces.length)} interfaces; investigate one of them` } : {}),
    },
  ];
}

const TITLE = "Allowed, but never used";

/** `names` gives the name of an interface. */
const columnsWith = (names: (id: string) => string): ItemColumns<UnusedReach> => [
  ["way", "VARCHAR", (one) => one.way],
  ["services", "VARCHAR[]", (one) => one.services],
  ["peers", "VARCHAR[]", (one) => one.peers.slice(0, NAMES).map(names)],
  ["peer_count", "UBIGINT", (one) => one.peers.length],
  ["used", "VARCHAR[]", (one) => one.used],
  ["certain", "BOOLEAN", (one) => one.certain],
  ["rule_ids", "VARCHAR[]", (one) => one.rules],
  ["interfaces", "VARCHAR[]", (one) => one.interfaces.slice(0, NAMES)],
];

/** Connections of the whole log, including pruned records. Port 0 stands for the replies of untracked flows. */
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

/** Only peers that are interfaces: they are few, however many other peers there are. */
const WITH_INTERFACES = /* sql */ `,
held as (select unnest(addresses) as address from interface_dim),
keys as (
  select ipv4_number(address)::ubigint as key from held where not contains(address, ':') and not contains(address, '/')
  union
  select address_key(null, ipv6_number(address)) from held where contains(address, ':') and not contains(address, '/')
)`;
const IS_INTERFACE = " where address_key(u.peer, u.peer6) in (select key from keys)";

/**
 * The connections of the subject's interfaces and addresses, as logged at both ends. With `interfacesOnly`, only those with
 * peers that are interfaces.
 */
async function readUses(
  evidence: EvidenceQuery,
  known: ResolvedSubject,
  { from, until }: Period,
  interfacesOnly: boolean,
): Promise<UsedServices> {
  const wanted = subjectRecords(known);
  const parameters: Parameters = { ...addressParameters(wanted), ids: wanted.interfaceIds };
  const whole = from === null && until === null;
  const rows = interfacesOnly ? WITH_INTERFACES + NAMED + IS_INTERFACE : NAMED;
  const found = whole
    ? await queryRows(evidence, OF_LOG + rows, parameters)
    : await queryRows(evidence, OF_PERIOD + rows, { ...parameters, from: from ?? 0, until: until ?? 4_294_967_295 });
  return usedServices(found as unknown as Iterable<UsedService>);
}
