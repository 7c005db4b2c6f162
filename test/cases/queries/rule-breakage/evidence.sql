-- http never stands alone; wide does for port 8010; an ICMP packet that either of two rules may have admitted counts for both;
-- the reply of an untracked flow (port 0) needs its rule no more once that is gone
insert into rule_set_members (rule_set_id, rule_id, certain, because) values
  (8, 'sgr-db-mysql', false, 1), (8, 'sgr-app-syslog', false, 1);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 2, 3, 1, 6, 8080, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 4, 1, 6, 8010, ip('10.0.1.10'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-02'), 3, 4, 1, 6, 8010, ip('10.0.1.10'), null, 1, 1, 1, 0, 10, 1000, 10, 1000, sec('2026-11-02 09:00'), sec('2026-11-02 11:00')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('192.0.2.10'), null, 3, 3, 3, 0, 30, 3000, 30, 9000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10')),
  (day_of('2026-11-01'), 1, 7, 2, 6, 0, ip('192.0.2.10'), null, 3, 3, 3, 0, 30, 3000, 30, 9000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10')),
  (day_of('2026-11-01'), 3, 8, 1, 1, 0, ip('10.0.2.20'), null, 1, 1, 1, 0, 1, 84, 1, 84, sec('2026-11-01 09:00'), sec('2026-11-01 09:10'));
