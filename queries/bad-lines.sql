-- title: Unreadable lines
-- description: Lines of the logs that could not be read, by reason and field, with an example of each. They are counted and kept,
--   but never judged.
-- group: health
select
  reason,
  field,
  count(*) as lines,
  count(distinct source_object) as objects,
  first(source_object order by source_object, line) as example_object,
  first(line order by source_object, line) as example_line,
  first(text order by source_object, line) as example_text,
  first(value order by source_object, line) as example_value
from bad_lines
group by reason, field
order by lines desc, reason, field
