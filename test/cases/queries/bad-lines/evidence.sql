insert into bad_line_rows (object_id, line, reason, text, field, value) values
  (2, 9, 'wrong_field_count', 'x y', null, null), (1, 7, 'wrong_field_count', '2 -', null, null),
  (1, 8, 'invalid_address', '2 1 eni-1 10.0.0.300', 'srcaddr', '10.0.0.300');
