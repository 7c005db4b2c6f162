import type { EvidenceQuery, Parameters } from "../../store/evidence-query.ts";
import { count, firstOf, plural } from "../../text.ts";
import { protocolName } from "../../net/protocols.ts";
import { queryRows, type Row } from "../rows.ts";
import { peerOf } from "./records-sql.ts";
import { type InvestigationSection, tableSection } from "./sections.ts";

/**
 * After `picked`: the accepted records as connections, one row for each pair of ends and ports. `there`: from the end that
 * opened it, or from the subject where nobody knows. `carried`: more than handshakes and refusals came through, as in
 * evaluate/facts/real-use.ts: TCP with three packets each way and more bytes than headers; another protocol with an answer.
 * `refused_there`: it left the subject's interface, and the far end rejected it.
 */
export const CONNECTIONS_OF_PICKED = /* sql */ `,
ends as (
  select
    own, action, interface_idx, judgement_id, protocol, packets, bytes, start_s, end_s, tcp_flags,
    ${peerOf("source", "target")} as peer,
    ${peerOf("source6", "target6")} as peer6,
    case when initiator in ('local', 'remote') and direction is not null then
      case when (initiator = 'local') = own then 'subject' else 'peer' end
    end as opened,
    case when initiator in ('local', 'remote') and direction is not null then (direction = 'egress') = (initiator = 'local')
      else coalesce(srcport >= dstport, true) end as is_there,
    coalesce(case when is_there then dstport else srcport end, 0) as port,
    coalesce(case when is_there then srcport else dstport end, 0) as client_port
  from picked
  where action in ('ACCEPT', 'REJECT')
),
refused_there as (select distinct peer, peer6, protocol, port, client_port from ends where not own and action = 'REJECT'),
summed as (
  select
    own, interface_idx, peer, peer6, protocol, opened, port, client_port,
    count(*) as records,
    coalesce(sum(packets) filter (is_there), 0)::ubigint as packets_there,
    coalesce(sum(packets) filter (not is_there), 0)::ubigint as packets_back,
    coalesce(sum(bytes) filter (is_there), 0)::ubigint as bytes_there,
    coalesce(sum(bytes) filter (not is_there), 0)::ubigint as bytes_back,
    nullif(bit_or(tcp_flags) filter (is_there), 256) & 255 as flags_there,
    nullif(bit_or(tcp_flags) filter (not is_there), 256) & 255 as flags_back,
    min(start_s) as first_s, max(end_s) as last_s,
    min(judgement_id) as judgement_id
  from ends
  where action = 'ACCEPT'
  group by all
)
select s.*, r.port is not null and packets_back = 0 as refused_there,
  case when s.protocol = 6 then packets_there >= 3 and packets_back >= 3
      and bytes_there + bytes_back > 60 * (packets_there + packets_back) + 40
    else packets_there > 0 and packets_back > 0 end as carried
from summed s
left join refused_there r
  on s.own and s.peer is not distinct from r.peer and s.peer6 is not distinct from r.peer6 and s.protocol = r.protocol
  and s.port = r.port and s.client_port = r.client_port`;

/** Most peers and services in the answer. */
const NAMES = 3;

const NAMED = /* sql */ `
with holders as (
  select address, min(name) as name
  from (select unnest(addresses) as address, coalesce(nullif(name, ''), instance_id, interface_id) as name from interface_dim)
  group by all
),
named as (
  select c.*, address_text(c.peer, c.peer6) as peer_text, h.name
  from connections c
  left join holders h on h.address = address_text(c.peer, c.peer6)
  where c.own = $own
)`;

const SUMS = /* sql */ `${NAMED},
services as (
  select opened, protocol::uinteger * 65536 + port as service, count(*) as connections from named where not refused_there group by all
),
peers as (
  select opened, coalesce(name, peer_text, 'unknown') as peer, count(*) as connections from named where not refused_there group by all
)
select
  opened,
  count(*)::ubigint as connections,
  count(*) filter (carried)::ubigint as carried,
  sum(bytes_there + bytes_back)::ubigint as bytes,
  (select list(service order by connections desc, service) from services s where s.opened is not distinct from n.opened)
    as services,
  (select list(peer order by connections desc, peer) from peers p where p.opened is not distinct from n.opened) as peers
from named n
where not refused_there
group by opened
order by opened = 'peer', opened`;

const REFUSED = /* sql */ `
select
  count(distinct (protocol, port))::ubigint as services,
  count(distinct address_key(peer, peer6))::ubigint as targets,
  sum(records)::ubigint as records,
  coalesce(opened, 'subject') = 'subject' as by_subject
from seen s
join judgements j using (judgement_id)
where j.action = 'REJECT'
group by by_subject
order by by_subject desc`;

const SHOWN = /* sql */ `${NAMED}
select
  seconds_to_timestamp(first_s) as first_seen,
  case opened when 'subject' then 'out' when 'peer' then 'in' end as way,
  coalesce(named.name, peer_text) as far_end,
  peer_text as peer,
  protocol, nullif(port, 0) as port, nullif(client_port, 0) as client_port,
  flags_there, flags_back, packets_there, packets_back, bytes_there, bytes_back, carried, refused_there,
  seconds_to_timestamp(last_s) as last_seen,
  i.interface_id,
  coalesce(j.sg_rule_ids[1], j.sg_possible_rule_ids[1]) as rule_id,
  len(coalesce(j.sg_rule_ids, [])) + len(coalesce(j.sg_possible_rule_ids, [])) as rule_count,
  j.agreement,
  count(*) over () as total
from named
join interface_dim i using (interface_idx)
join judgements j using (judgement_id)
order by first_s, peer_text, protocol, port, client_port
limit $limit`;

/** The accepted connections by time, and the answer in words: what got through, where, and what it carried. */
export async function connectionsOf(
  evidence: EvidenceQuery,
  own: boolean,
  limit: number,
): Promise<{ readonly answer: string; readonly section: InvestigationSection }> {
  const parameters: Parameters = { own };
  const accepted = await queryRows(evidence, SUMS, parameters);
  const refused = await queryRows(evidence, REFUSED);
  const all = tableSection(await evidence.run(SHOWN, { own, limit }), {
    id: "connections",
    title: "Accepted connections",
    lead: "by time; in: the peer opened it, out: the subject did; bytes there (from the opener) and back",
    empty: "none: nothing was accepted",
    brief: [
      "first_seen",
      "way",
      "far_end",
      "protocol",
      "port",
      "bytes_there",
      "bytes_back",
      "rule_id",
      "refused_there",
    ],
  });
  const section = all.rows.some((row) => row.refused_there === true)
    ? { ...all, lead: `${all.lead}; refused_there: the far end rejected it` }
    : { ...all, brief: all.brief.filter((name) => name !== "refused_there") };
  const parts = [...accepted.map(acceptedText), ...refused.map(refusedText)];
  if (accepted.length === 0) parts.unshift("nothing was accepted");
  const text = parts.join("; ");
  return { answer: `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`, section };
}

/** `19 connections accepted to bastion:8888, none carried data`. */
function acceptedText({ opened, connections, carried, bytes, services, peers }: Row): string {
  const way = opened === "subject" ? "to" : opened === "peer" ? "from" : "with";
  const [names, ports] = [listOf(peers).map(String), listOf(services).map(Number)];
  const who = names.length === 1 ? names[0] : `${plural(names.length, "peer")} (${firstOf(names, NAMES)})`;
  const what =
    opened === "subject" && names.length === 1 && ports.length === 1 && ports[0] % 65_536 > 0
      ? `:${ports[0] % 65_536}`
      : `, ${firstOf(ports.map(serviceText), NAMES)}`;
  const data =
    Number(carried) === 0
      ? "none carried data"
      : `${Number(carried) === Number(connections) ? "all" : count(carried)} carried data, ${plural(bytes, "byte")}`;
  return `${plural(connections, "connection")} accepted ${way} ${who}${what}, ${data}`;
}

/** `tcp 443`. */
function serviceText(service: number): string {
  const port = service % 65_536;
  return `${protocolName(Math.floor(service / 65_536))}${port === 0 ? "" : ` ${port}`}`;
}

function listOf(value: Row[string]): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `1,033 ports refused at 1 target`. */
function refusedText({ services, targets, by_subject: bySubject }: Row): string {
  const what = `${plural(services, "port")} refused`;
  return bySubject === true
    ? `${what} at ${plural(targets, "target")}`
    : `${what} to ${plural(targets, "peer")} that asked`;
}
