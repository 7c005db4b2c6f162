import { IPV4, type Prefix } from "../../net/address.ts";
import { hostPrefix, parseAddress } from "../../net/parse.ts";
import type { Parameters } from "../../store/evidence-query.ts";
import { bounds, type Period, type SubjectRecords } from "./subject.ts";

/** The beginning of a statement on the records of the subject, with its parameters. */
export interface PickedRecords {
  /** `with picked as (...)`: one row per record. */
  readonly sql: string;
  readonly parameters: Parameters;
}

/**
 * The records of a period as `picked`. `own` marks records of the subject's own interfaces; the others were logged at the far
 * end. Addresses are those of the packet, if the record has them.
 */
export function pickedRecords(wanted: SubjectRecords, { from, until }: Period): PickedRecords {
  const { filter, own, fromSubject, parameters } = recordFilter(wanted);
  return {
    parameters: { ...parameters, from: from ?? 0, until: until ?? 4_294_967_295 },
    sql: `
with picked as (
  select
    f.start_s, f.start_s + f.duration as end_s, f.interface_idx, f.judgement_id, f.protocol, f.srcport, f.dstport,
    f.packets, f.bytes, f.tcp_flags, j.direction, j.initiator, j.action, j.agreement,
    case when f.pkt_src is null and f.pkt_src6 is null then f.src else f.pkt_src end as source,
    case when f.pkt_src is null and f.pkt_src6 is null then f.src6 else f.pkt_src6 end as source6,
    case when f.pkt_dst is null and f.pkt_dst6 is null then f.dst else f.pkt_dst end as target,
    case when f.pkt_dst is null and f.pkt_dst6 is null then f.dst6 else f.pkt_dst6 end as target6,
    coalesce(${fromSubject}, false) as from_subject,
    coalesce(${own}, false) as own
  from flow_facts f
  join judgements j using (judgement_id)
  where f.start_s >= $from and f.start_s < $until and (${filter})
)`,
  };
}

/**
 * Sums of `picked`, one row per interface, judgement, peer and service. `peer` is the other side: the far address of own
 * records, else the address of the interface that logged. `alt` is set if an own record has no direction, so that either
 * address may be the peer. `opened`: `subject`, `peer`, or null if unknown. `port`: the service port; if it is unknown who
 * opened the connection, the lower port.
 */
export const SUMS_OF_PICKED = /* sql */ `
select
  own, interface_idx, judgement_id,
  ${peerOf("source", "target")} as peer,
  ${peerOf("source6", "target6")} as peer6,
  case when direction is null and own then target end as alt,
  case when direction is null and own then target6 end as alt6,
  case when initiator in ('local', 'remote') then
    case when (initiator = 'local') = own then 'subject' else 'peer' end
  end as opened,
  protocol,
  case when protocol in (6, 17) then case
    when direction is null or initiator is null or initiator = 'unknown' then least(srcport, dstport)
    when (direction = 'egress') = (initiator = 'local') then dstport
    else srcport
  end end as port,
  count(*) as records,
  coalesce(sum(packets), 0)::ubigint as packets,
  coalesce(sum(bytes), 0)::ubigint as bytes,
  min(start_s) as first_s,
  max(end_s) as last_s
from picked
group by all`;

export function peerOf(source: string, target: string): string {
  return `case
    when direction is null and own then ${source}
    when direction is null then case when from_subject then ${target} else ${source} end
    when (direction = 'egress') = own then ${target}
    else ${source}
  end`;
}

interface RecordFilter {
  readonly filter: string;
  readonly own: string;
  readonly fromSubject: string;
  readonly parameters: Parameters;
}

function recordFilter({ subject, interfaceIds, interfaceIdx, addresses }: SubjectRecords): RecordFilter {
  if ("prefix" in subject) return byBlock(subject.prefix);
  if (subject.kind === "rule") {
    const admitted = "select judgement_id from judgements where nacl_rule_id = $id or list_contains(sg_rule_ids, $id)";
    return {
      filter: `f.judgement_id in (${admitted})`,
      own: "true",
      fromSubject: "false",
      parameters: { id: subject.id },
    };
  }
  const four = addresses.filter((address) => !address.includes(":")).map(numberOf);
  const six = addresses.filter((address) => address.includes(":")).map(numberOf);
  const few = Math.max(interfaceIds.length, addresses.length) <= FEW;
  const own = few ? oneOf("f.interface_idx", "uinteger", "i", interfaceIdx.map(String)) : `f.${OWN_INTERFACE}`;
  const [source, target] = ["src", "dst"].map((end) => {
    const columns = [end, `pkt_${end}`];
    const tests = few
      ? columns.flatMap((column) => [
          oneOf(`f.${column}`, "uinteger", "a", four),
          oneOf(`f.${column}6`, "uhugeint", "b", six),
        ])
      : columns.flatMap((column) => [`f.${column} in (${NUMBERS4})`, `f.${column}6 in (${NUMBERS6})`]);
    return tests.filter((test) => test !== NEVER).join(" or ") || NEVER;
  });
  const numbered = { ...named("i", interfaceIdx.map(String)), ...named("a", four), ...named("b", six) };
  return {
    filter: `${own} or ${source} or ${target}`,
    own,
    fromSubject: source,
    parameters: few ? numbered : { ids: interfaceIds, addresses },
  };
}

/** Up to this many values are bound one by one, so that a scan compares with constants; more are a table to join. */
const FEW = 32;
const NEVER = "false";

function oneOf(column: string, type: string, name: string, values: readonly string[]): string {
  if (values.length === 0) return NEVER;
  return `(${values.map((_, at) => `${column} = $${name}${at}::${type}`).join(" or ")})`;
}

function named(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, at) => [`${name}${at}`, value]));
}

function numberOf(address: string): string {
  return bounds(hostPrefix(parseAddress(address)!)).low;
}

/** Conditions on the interfaces `$ids` and the addresses `$addresses`, compared as numbers. */
export const OWN_INTERFACE =
  "interface_idx in (select interface_idx from interface_dim where interface_id in (select unnest($ids::varchar[])))";
const numbers = (parse: string): string =>
  `select ${parse}(a) from (select unnest($addresses::varchar[]) as a) where ${parse}(a) is not null`;
const NUMBERS4 = numbers("ipv4_number");
const NUMBERS6 = numbers("ipv6_number");

/** A condition on a column: one of `$addresses`, or in the block `$low4` to `$high4` (or `6`). Needs `addressParameters`. */
export function ofSubject(column: string, family: 4 | 6): string {
  const [type, list] = family === 4 ? ["uinteger", NUMBERS4] : ["uhugeint", NUMBERS6];
  return `(${column} between $low${family}::${type} and $high${family}::${type} or ${column} in (${list}))`;
}

export function addressParameters({ subject, addresses }: SubjectRecords): Parameters {
  const block = "prefix" in subject ? { ...bounds(subject.prefix), four: subject.prefix.family === IPV4 } : null;
  return {
    addresses,
    low4: block?.four === true ? block.low : null,
    high4: block?.four === true ? block.high : null,
    low6: block?.four === false ? block.low : null,
    high6: block?.four === false ? block.high : null,
  };
}

function byBlock(prefix: Prefix): RecordFilter {
  const [suffix, type] = prefix.family === IPV4 ? ["", "uinteger"] : ["6", "uhugeint"];
  const within = (column: string): string => `f.${column}${suffix} between $low::${type} and $high::${type}`;
  const [source, target] = ["src", "dst"].map((end) => `(${within(end)} or ${within(`pkt_${end}`)})`);
  return {
    filter: `${source} or ${target}`,
    own: `case j.direction when 'egress' then ${source} when 'ingress' then ${target} end`,
    fromSubject: source,
    parameters: bounds(prefix),
  };
}
