-- title: Undecided and unmodelled records by cause
-- description: Records that the model could not decide or does not cover, by cause - interfaces, groups, prefix lists
--   or ICMP details that the configuration lacks.
-- group: mismatch
-- severity: info
select
  j.agreement,
  j.cause,
  i.interface_id,
  j.direction,
  sum(a.records)::ubigint as records,
  sum(case when j.action = 'REJECT' then a.records else 0 end)::ubigint as rejected,
  seconds_to_timestamp(min(a.first_s)) as first_seen,
  seconds_to_timestamp(max(a.last_s)) as last_seen,
  i.name
from activity a
join judgements j using (judgement_id)
join interface_dim i using (interface_idx)
where j.agreement in ('undecided', 'unmodelled')
group by all
order by records desc, i.interface_id, j.agreement, j.cause, j.direction
