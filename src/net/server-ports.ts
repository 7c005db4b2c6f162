/** Ports of servers outside the range of well-known ports, as registered with IANA or used by common software. */
const REGISTERED = new Set([
  1080, 1433, 1434, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3000, 3128, 3268, 3269, 3306, 3389,
  3478, 4317, 4318, 4500, 4789, 5000, 5044, 5060, 5061, 5140, 5201, 5222, 5353, 5432, 5439, 5601, 5671, 5672, 5701,
  5900, 5984, 5985, 5986, 6379, 6380, 6443, 6514, 7000, 7001, 7077, 7199, 7473, 7474, 7687, 8000, 8008, 8080, 8081,
  8086, 8088, 8089, 8090, 8125, 8126, 8140, 8161, 8200, 8300, 8301, 8302, 8443, 8500, 8600, 8888, 9000, 9001, 9042,
  9090, 9091, 9092, 9093, 9094, 9096, 9100, 9104, 9121, 9142, 9160, 9187, 9200, 9300, 9411, 9418, 9443, 9600, 9999,
  10000, 10050, 10051, 10250, 10255, 10256, 10257, 10259, 11211, 12201, 14250, 15000, 15001, 15010, 15012, 15014, 15017,
  15021, 15090, 15672, 16379, 20048, 24007, 25565, 26257, 27017, 27018, 27019, 28015, 50000, 50051, 50070, 51820, 61613,
  61616,
]);

/**
 * How much a port looks like a server's: 3 well-known, 2 registered or `named` by a rule, 1 below Linux's ephemeral range,
 * or registered inside it, where any client may have drawn it.
 */
export function portRank(port: number, named: boolean): number {
  if (port < 1024) return port === 0 ? 1 : 3;
  if (named) return 2;
  const registered = REGISTERED.has(port);
  if (port < 32_768) return registered ? 2 : 1;
  return registered ? 1 : 0;
}
