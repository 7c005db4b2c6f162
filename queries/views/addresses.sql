-- Addresses and prefixes from text, for reports whose parameters or rules hold them. Text that is neither gives null.

create macro ipv4_number(t) as case
  when regexp_full_match(t, '(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}')
    then try_cast(list_sum(list_transform(string_split(t, '.'), lambda part, n: part::ubigint << (8 * (4 - n)))) as uinteger)
end;

-- RFC 4291 text without an embedded IPv4 address: the groups around '::' and as many zeros as are missing.
create macro ipv6_groups_of(t) as case
  when contains(t, '::') then list_concat(
    list_filter(string_split(split_part(t, '::', 1), ':'), lambda part: part <> ''),
    list_transform(
      range(8 - len(list_filter(string_split(replace(t, '::', ':'), ':'), lambda part: part <> ''))), lambda zero: '0'),
    list_filter(string_split(split_part(t, '::', 2), ':'), lambda part: part <> ''))
  else string_split(t, ':')
end;

create macro ipv6_number(t) as case
  when regexp_full_match(t, '([0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}') and len(ipv6_groups_of(t)) = 8
    then list_reduce(
      list_transform(ipv6_groups_of(t), lambda part: ('0x' || part)::uinteger::uhugeint), lambda high, low: high * 65536 + low)
end;

create macro prefix_length(t, bits) as coalesce(try_cast(nullif(split_part(t, '/', 2), '') as uinteger), bits);

-- First and last address of a prefix (or of one address), IPv4 as a number of 32 bits, IPv6 of 128; null for a length
-- beyond the family.
create macro prefix4_low(t) as case
  when prefix_length(t, 32) <= 32
    then (ipv4_number(split_part(t, '/', 1))::ubigint >> (32 - least(prefix_length(t, 32), 32))::ubigint) << (32 - least(prefix_length(t, 32), 32))::ubigint
end;
create macro prefix4_high(t) as prefix4_low(t) + (1::ubigint << (32 - least(prefix_length(t, 32), 32))::ubigint) - 1;

create macro prefix6_low(t) as case
  when prefix_length(t, 128) = 0 then ipv6_number(split_part(t, '/', 1)) - ipv6_number(split_part(t, '/', 1))
  when prefix_length(t, 128) <= 128
    then (ipv6_number(split_part(t, '/', 1)) >> (128 - least(prefix_length(t, 128), 128))::uhugeint) << (128 - least(prefix_length(t, 128), 128))::uhugeint
end;
create macro prefix6_high(t) as case
  when prefix_length(t, 128) = 0 then prefix6_low(t) + 340282366920938463463374607431768211455::uhugeint
  else prefix6_low(t) + ((1::uhugeint << (128 - least(prefix_length(t, 128), 128))::uhugeint) - 1)
end;
