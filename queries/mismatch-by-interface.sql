-- title: Mismatches by interface
-- description: Mismatches of each interface by agreement and cause, with their share of the records of the interface.
-- group: mismatch
-- severity: medium
with sums as (
  select
    a.interface_idx,
    j.agreement,
    j.cause,
    sum(a.records)::ubigint as records,
    sum(sum(a.records)) over (partition by a.interface_idx) as all_records,
    min(a.first_s) as first_s,
    max(a.last_s) as last_s
  from activity a
  join judgements j using (judgement_id)
  group by a.interface_idx, j.agreement, j.cause
)
select
  i.interface_id,
  s.agreement,
  s.cause,
  s.records,
  round(s.records / s.all_records, 6) as share,
  seconds_to_timestamp(s.first_s) as first_seen,
  seconds_to_timestamp(s.last_s) as last_seen,
  i.name,
  i.subnet_id,
  i.instance_id
from sums s
join interface_dim i using (interface_idx)
where s.agreement in ('unexpected_accept', 'unexpected_reject')
order by s.records desc, i.interface_id, s.agreement, s.cause
