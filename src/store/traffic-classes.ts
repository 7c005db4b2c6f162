import { IPV4, IPV6 } from "../net/address.ts";
import { columnBytes } from "./column-appender.ts";
import { LIST, listValue, VARCHAR } from "./duckdb.ts";
import type { ReadOnlyFile } from "./read-only.ts";

/** Classes of `classified_traffic`, in ascending order: of several of a peer the last counts. */
export const TRAFFIC_CLASSES = ["replyless", "scanner", "real"] as const;
export type TrafficClass = (typeof TRAFFIC_CLASSES)[number];

/** Traffic of a peer with a service at an interface; `address` holds one word for IPv4, four for IPv6. */
export interface ClassifiedTraffic {
  readonly interfaceIdx: number;
  /** 1 ingress, 2 egress: of whoever opened the connections. */
  readonly direction: number;
  readonly protocol: number;
  readonly port: number;
  readonly family: number;
  readonly address: Uint32Array;
  readonly trafficClass: TrafficClass;
}

const SQL = `
  select
    interface_idx, direction, protocol, port, coalesce(peer, 0),
    ${[96, 64, 32, 0].map((shift) => `((coalesce(peer6, 0) >> ${shift}) & 4294967295)::uinteger`).join(", ")},
    (case when peer is null then ${IPV6} else ${IPV4} end)::utinyint,
    max(case traffic_class when 'real' then 2 when 'scanner' then 1 else 0 end)::utinyint
  from classified_traffic
  where rule_set_id in (select rule_set_id from rule_sets where list_contains($1, rule_id))
  group by all`;

/** All traffic that any of the rules admitted, with its class. `address` is valid until the next visit. */
export async function visitTrafficClasses(
  open: Pick<ReadOnlyFile, "connect">,
  ruleIds: readonly string[],
  visit: (traffic: ClassifiedTraffic) => void,
): Promise<void> {
  const connection = await open.connect();
  const statement = await connection.prepare(SQL);
  statement.bindList(1, listValue([...ruleIds]), LIST(VARCHAR));
  const result = await statement.stream();
  const address = new Uint32Array(4);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    const u8 = (column: number): Uint8Array => columnBytes(chunk, column, 1);
    const u32 = (column: number): Uint32Array => {
      const { buffer, byteOffset } = columnBytes(chunk, column, 4);
      return new Uint32Array(buffer, byteOffset, chunk.rowCount);
    };
    const { buffer, byteOffset } = columnBytes(chunk, 3, 2);
    const ports = new Uint16Array(buffer, byteOffset, chunk.rowCount);
    const [interfaces, directions, protocols, peers, families, classes] = [u32(0), u8(1), u8(2), u32(4), u8(9), u8(10)];
    const words = [u32(5), u32(6), u32(7), u32(8)];
    for (let row = 0; row < chunk.rowCount; row++) {
      if (families[row] === IPV4) address[0] = peers[row];
      else for (let word = 0; word < 4; word++) address[word] = words[word][row];
      visit({
        interfaceIdx: interfaces[row],
        direction: directions[row],
        protocol: protocols[row],
        port: ports[row],
        family: families[row],
        address,
        trafficClass: TRAFFIC_CLASSES[classes[row]],
      });
    }
  }
}
