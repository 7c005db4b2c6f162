import type { Reader } from "../../store/reader.ts";
import { table } from "./activity.ts";
import { addressParameters, ofSubject, OWN_INTERFACE, type Wanted } from "./records-sql.ts";
import type { InvestigationSection } from "./sections.ts";

/** Which connections are the subject's, and who is the other side of them. */
function conditionsOf({ subject, interfaceIds }: Wanted): { where: string; outward: number; peer: string } {
  const far = { outward: 2, peer: "address_text(t.peer, t.peer6)" };
  if (subject.kind === "rule") {
    return { where: "t.rule_set_id in (select rule_set_id from rule_sets where rule_id = $id)", ...far };
  }
  if (!("prefix" in subject) || interfaceIds.length > 0) return { where: `t.${OWN_INTERFACE}`, ...far };
  // Seen from an address that no interface holds, the interface that logged is the peer.
  const where = `(${ofSubject("t.peer", 4)} or ${ofSubject("t.peer6", 6)})`;
  return { where, outward: 1, peer: "coalesce(i.name, i.interface_id)" };
}

/**
 * Connections as the sums keep them, of records that are gone as well: what is left to say after `prune` and `--no-flows`.
 * Port 0 stands for the replies of untracked flows and is left out.
 */
export async function summedSection(reader: Reader, wanted: Wanted, limit: number): Promise<InvestigationSection> {
  const { where, outward, peer } = conditionsOf(wanted);
  const sql = /* sql */ `
with sums as (
  select
    case t.direction when ${outward} then 'out' else 'in' end as way,
    ${peer} as peer,
    t.protocol,
    t.port,
    sum(t.connections)::ubigint as connections,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    seconds_to_timestamp(min(t.first_s)) as first_seen,
    seconds_to_timestamp(max(t.last_s)) as last_seen
  from rule_traffic t
  join interface_dim i using (interface_idx)
  where ${where} and not (t.protocol in (6, 17) and t.port = 0)
  group by all
)
select *, count(*) over () as total from sums
order by connections desc, peer, protocol, port, way
limit $limit`;
  const { subject, interfaceIds } = wanted;
  const parameters =
    subject.kind === "rule"
      ? { id: subject.id }
      : "prefix" in subject && interfaceIds.length === 0
        ? addressParameters(wanted)
        : { ids: interfaceIds };
  return table(await reader.run(sql, { ...parameters, limit }), {
    id: "connections",
    title: "Connections in the sums",
    lead: "admitted connections of the whole log, those of records that are gone included",
    empty: "none",
    shape: "table",
    brief: ["way", "peer", "protocol", "port", "connections", "bytes", "last_seen"],
  });
}
