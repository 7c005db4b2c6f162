import { ACTION_ACCEPT, ACTION_MASK, FAMILY_SHIFT, PKT_FAMILY_SHIFT } from "../../decode/flow-batch.ts";
import { createKeys, KIND, LOCAL_OPENED, PORTS, REMOTE, REMOTE_OPENED, writeKey } from "../conntrack/entry-layout.ts";
import type { OpenRow } from "../conntrack/own-addresses.ts";
import type { AddressPool } from "../dense/address-pool.ts";
import { TRAFFIC_SUMS, type TrafficTable } from "../dense/traffic-table.ts";
import { type LookupColumns, sideOf } from "../lookup/lookup-columns.ts";
import { EGRESS, INGRESS, type LookedUpBatch, type LookupTable } from "../lookup/policy-lookup.ts";
import { OTHER } from "./rule-sets.ts";
import { extendTimes } from "./usage.ts";

/**
 * Counts accepted records of which not even the interface's side is known, for every rule that may have admitted them. The
 * connection table cannot hold them: its keys begin with the interface's end. Each counts as a connection.
 */
export function reportOpenRows(
  rows: readonly OpenRow[],
  segment: readonly LookedUpBatch[],
  { lookups: table }: LookupTable,
  columns: LookupColumns,
  addresses: AddressPool,
  traffic: TrafficTable,
): void {
  const key = createKeys(1);
  for (const { batch: number, row } of rows) {
    const { batch, lookups } = segment[number];
    const bits = batch.bits[row];
    if ((bits & ACTION_MASK) !== ACTION_ACCEPT) continue;
    const family = (bits >>> PKT_FAMILY_SHIFT) & 3 || (bits >>> FAMILY_SHIFT) & 3;
    const day = (batch.start[row] / 86_400) >>> 0;
    for (const alternative of table[lookups[row]].others) {
      writeKey(batch, row, table[alternative].direction, addresses, key, 0);
      for (const opened of [LOCAL_OPENED, REMOTE_OPENED]) {
        const local = opened === LOCAL_OPENED;
        const side = sideOf(alternative, opened);
        const [there, back] = local ? [EGRESS, INGRESS] : [INGRESS, EGRESS];
        const port = local ? key[PORTS] & 0xffff : key[PORTS] >>> 16;
        const add = (ruleSet: number, direction: number, service: number): void => {
          if (ruleSet < 0) return;
          const eni = batch.interfaceId[row];
          const at = traffic.row(day, eni, ruleSet, direction, key[KIND] & 0xff, service, family, key[REMOTE]);
          extendTimes(traffic.words, at, batch.start[row], batch.end[row]);
          traffic.sums[at * TRAFFIC_SUMS]++;
          traffic.sums[at * TRAFFIC_SUMS + 4] += batch.packets[row];
          traffic.sums[at * TRAFFIC_SUMS + 5] += batch.bytes[row];
        };
        add(columns.ruleSetOf(side, OTHER), there, port);
        add(columns.replyRuleSetOf(side, OTHER), back, 0);
      }
    }
  }
}
