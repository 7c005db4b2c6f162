import { expect, test } from "vitest";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { inWorld, withEvidence } from "../helpers/evidence.ts";

const USE = inWorld("-- include rule-use.sql");

test("daily usage adds up to the totals, also where rows are partial", async () => {
  await withEvidence(USE, async (path) => {
    const evidence = await openEvidence(path);
    const { rows } = await evidence.run("select * from rule_usage_daily where rule_id = 'sgr-web-https' order by day");
    expect(rows).toEqual([
      ["sgr-web-https", "2026-11-01", 5, 5, 5, 87, 16380],
      ["sgr-web-https", "2026-11-02", 1, 1, 1, 20, 4000],
    ]);
    const { rows: differences } = await evidence.run(`
      select u.rule_id, u.connections, d.connections
      from rule_usage u
      left join (select rule_id, sum(connections) as connections, sum(packets) as packets from rule_usage_daily group by all) d
        using (rule_id)
      where u.connections <> coalesce(d.connections, 0) or u.packets <> coalesce(d.packets, 0)`);
    expect(differences).toEqual([]);
    evidence.close();
  });
});

test("every rule has a row, and its class is a documented one", async () => {
  await withEvidence(USE, async (path) => {
    const evidence = await openEvidence(path);
    const { rows } = await evidence.run(`
      select (select count(*) from rules), count(*), list_sort(list(distinct usage_class) filter (usage_class is not null)) from rule_usage`);
    expect(rows).toEqual([[16, 16, ["none", "real", "replyless", "scanner_only"]]]);
    evidence.close();
  });
});

const TRAFFIC = `insert into rule_traffic
  (day, interface_idx, rule_set_id, direction, protocol, port, peer, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s)
  select day_of('2026-11-01'), interface_idx, rule_set_id, direction, 17, 514, ip(peer), 9, 0, 0, 0, 9, 900, 0, 0, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')
  from (values (1, 7, 2, '10.0.2.20'), (2, 5, 1, '10.0.1.10')) t(interface_idx, rule_set_id, direction, peer);`;
const scanFrom = (source: string): string => `insert into flow_rows
  (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 10 + r, 3, sec('2026-11-01 09:00') + r, 0, ip('${source}'), ip('10.0.2.30'), 50000, 100 + r, 6, 1, 44, 2, 3 from range(20) t(r);`;

test.each([
  ["scanner", "its sender scans", scanFrom("10.0.1.10")],
  ["real", "its receiver scans", scanFrom("10.0.2.20")],
  ["real", "nobody scans", ""],
])("a datagram is of class %s at both ends where %s", async (expected, _when, scan) => {
  await withEvidence(inWorld(TRAFFIC + scan), async (path) => {
    const evidence = await openEvidence(path);
    const { rows } = await evidence.run("select direction, traffic_class from classified_traffic order by all");
    expect(rows).toEqual([
      [1, expected],
      [2, expected],
    ]);
    evidence.close();
  });
});

test("a connection that one end saw answered is real at both", async () => {
  const traffic = `insert into rule_traffic
    (day, interface_idx, rule_set_id, direction, protocol, port, peer, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s)
    select day_of('2026-11-01'), interface_idx, rule_set_id, direction, 6, port, ip(peer), 3, answered, answered, 0, 9, 540, 0, 0, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')
    from (values
      (1, 7, 2, 8080, '10.0.2.21', 0), (2, 3, 1, 8080, '10.0.1.10', 3),
      (1, 7, 2, 8081, '10.0.2.21', 3), (2, 3, 1, 8081, '10.0.1.10', 0),
      (1, 7, 2, 8082, '10.0.2.21', 0), (2, 3, 2, 8082, '10.0.1.10', 3)
    ) t(interface_idx, rule_set_id, direction, port, peer, answered);`;
  await withEvidence(inWorld(traffic), async (path) => {
    const evidence = await openEvidence(path);
    const { rows } = await evidence.run(
      "select port, list(traffic_class order by interface_idx) from classified_traffic group by all order by all",
    );
    expect(rows).toEqual([
      [8080, ["real", "real"]],
      [8081, ["real", "real"]],
      [8082, ["replyless", "real"]],
    ]);
    evidence.close();
  });
});
