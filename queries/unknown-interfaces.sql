-- title: Interfaces missing from the model
-- description: Interfaces with records that are in no snapshot of the model - deleted since, new, or of another
--   account. Their records are unmodelled, except those that the network ACL of their subnet denies.
-- group: health
-- severity: info
select
  i.interface_id,
  sum(a.records)::ubigint as records,
  sum(case when j.action = 'ACCEPT' then a.records else 0 end)::ubigint as accepted,
  sum(case when j.action = 'REJECT' then a.records else 0 end)::ubigint as rejected,
  seconds_to_timestamp(min(a.first_s)) as first_seen,
  seconds_to_timestamp(max(a.last_s)) as last_seen,
  any_value(coalesce(i.account_id, j.account_id)) as account_id
from activity a
join judgements j using (judgement_id)
join interface_dim i using (interface_idx)
where not coalesce(i.modelled, false)
group by i.interface_id
order by records desc, i.interface_id
