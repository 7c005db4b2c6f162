insert into bad_line_rows (object_id, line, reason, text) values
  (2, 9, 'wrong_field_count', 'x y'), (1, 7, 'wrong_field_count', '2 -'), (1, 8, 'invalid_address', '2 1 eni-1 10.0.0.300');
