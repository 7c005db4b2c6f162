import { type Use, usedServices, type UsedServices } from "../../evaluate/reach/used-services.ts";
import type { Parameters, Reader } from "../../store/reader.ts";
import { toRows } from "../summary-text.ts";
import { addressParameters, ofSubject, OWN_INTERFACE, type Period } from "./records-sql.ts";
import { type Known, wantedOf } from "./resolve.ts";

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
export async function readUses(
  reader: Reader,
  known: Known,
  { from, until }: Period,
  interfacesOnly: boolean,
): Promise<UsedServices> {
  const wanted = wantedOf(known);
  const parameters: Parameters = { ...addressParameters(wanted), ids: wanted.interfaceIds };
  const whole = from === null && until === null;
  const rows = interfacesOnly ? WITH_INTERFACES + NAMED + IS_INTERFACE : NAMED;
  const result = whole
    ? await reader.run(OF_LOG + rows, parameters)
    : await reader.run(OF_PERIOD + rows, { ...parameters, from: from ?? 0, until: until ?? 4_294_967_295 });
  return usedServices(toRows(result) as unknown as Iterable<Use>);
}
