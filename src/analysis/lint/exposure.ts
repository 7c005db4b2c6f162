import type { SecurityGroup, SecurityGroupRule, Snapshot } from "../../model/model.ts";
import { formatPeer } from "../../model/security-group-rules.ts";
import { ALL_IPV4, ALL_IPV6, type Prefix } from "../../net/address.ts";
import { ALL_PROTOCOLS, formatPorts, protocolName, TCP, UDP } from "../../net/protocols.ts";
import { plural } from "../../text.ts";
import { addressCount, covering } from "../boxes.ts";
import { type LintFinding, lintFinding } from "./finding.ts";
import { type Members, prefixRegions, resolvedRegions } from "./rule-boxes.ts";

/** Ports that only administrators and applications should reach, with their usual names. */
const ADMIN_PORTS: ReadonlyMap<string, readonly (readonly [number, string])[]> = new Map([
  [
    "tcp",
    [
      [22, "SSH"],
      [23, "Telnet"],
      [111, "RPC"],
      [135, "MS RPC"],
      [139, "NetBIOS"],
      [445, "SMB"],
      [1433, "SQL Server"],
      [1521, "Oracle"],
      [2049, "NFS"],
      [2375, "Docker"],
      [2379, "etcd"],
      [3306, "MySQL"],
      [3389, "RDP"],
      [5432, "PostgreSQL"],
      [5601, "Kibana"],
      [5900, "VNC"],
      [5985, "WinRM"],
      [5986, "WinRM"],
      [6379, "Redis"],
      [6443, "Kubernetes"],
      [9200, "Elasticsearch"],
      [10250, "kubelet"],
      [11211, "Memcached"],
      [27017, "MongoDB"],
    ],
  ],
  [
    "udp",
    [
      [161, "SNMP"],
      [389, "LDAP"],
      [11211, "Memcached"],
    ],
  ],
]);

const WORLD: readonly (readonly [string, string, Prefix])[] = [
  ["ipv4", "0.0.0.0/0", ALL_IPV4],
  ["ipv6", "::/0", ALL_IPV6],
];

/** Administration ports open to every address of a family, by one rule or by several that together hold the world. */
export function* openAdminPorts(snapshot: Snapshot, members: Members): Generator<LintFinding> {
  for (const group of snapshot.securityGroups.values()) {
    const rules = group.rules.filter((rule) => rule.direction === "ingress");
    for (const [space, world, prefix] of WORLD) {
      const open = rules.flatMap((rule) => {
        const region = resolvedRegions(rule, members)?.get(space);
        return region ? [{ rule, region, size: addressCount(region.addresses) }] : [];
      });
      open.sort((a, b) => b.size - a.size);
      const byRules = new Map<string, { rules: SecurityGroupRule[]; ports: string[] }>();
      for (const [name, ports] of ADMIN_PORTS) {
        for (const [port, service] of ports) {
          const match = { protocol: name === "tcp" ? TCP : UDP, ports: { from: port, to: port }, icmp: null };
          const target = prefixRegions(match, [prefix]).get(space)!;
          const covers = covering(
            target,
            open.map((one) => one.region),
          )?.map((index) => open[index].rule);
          if (!covers) continue;
          const key = covers.map((rule) => rule.id).join(" ");
          const known = byRules.get(key) ?? { rules: covers, ports: [] };
          known.ports.push(`${service} (${name === "tcp" ? port : `udp ${port}`})`);
          byRules.set(key, known);
        }
      }
      for (const { rules, ports } of byRules.values()) yield openPorts(group, rules, ports, world, members);
    }
  }
}

function openPorts(
  group: SecurityGroup,
  rules: readonly SecurityGroupRule[],
  ports: readonly string[],
  world: string,
  members: Members,
): LintFinding {
  const count = members.interfacesOf(group.id).length;
  const shown = ports.length > 6 ? `${ports.slice(0, 6).join(", ")} and ${ports.length - 6} more` : ports.join(", ");
  const message = `${shown} open to ${world} on ${plural(count, "interface")}`;
  return lintFinding("admin-port-open", count > 0 ? "high" : "medium", group, message, {
    ruleIds: rules.map((rule) => rule.id),
    detail: world,
    origin: rules[0].origin,
  });
}

/** The most ports of one service. */
const WIDE_PORT_RANGE = 100;

/** Ingress rules for more than a hundred ports, unless they are for the group itself. */
export function* widePortRanges(snapshot: Snapshot): Generator<LintFinding> {
  for (const group of snapshot.securityGroups.values()) {
    for (const rule of group.rules) {
      const { ports, protocol, peer } = rule;
      const ported = protocol === TCP || protocol === UDP || protocol === ALL_PROTOCOLS;
      const count = ports ? ports.to - ports.from + 1 : 65536;
      const own = peer.kind === "group" && peer.id === group.id;
      if (rule.direction === "egress" || !ported || own || count <= WIDE_PORT_RANGE) continue;
      const what =
        protocol === ALL_PROTOCOLS
          ? "all traffic"
          : `${protocolName(protocol)} ${ports ? formatPorts(ports) : "all ports"}`;
      const world = peer.kind === "cidr" && peer.prefix.length === 0;
      const message = `${what} from ${formatPeer(peer)}${ports ? `: ${count} ports` : ""}`;
      const about = { ruleIds: [rule.id], origin: rule.origin };
      yield lintFinding("wide-port-range", world ? "high" : "low", group, message, about);
    }
  }
}

/** Descriptions that tools write when nobody gave one. */
const PLACEHOLDERS = new Set(["", "Managed by Terraform"]);

/** Groups and rules without a description. Default groups and the egress rule that AWS adds are left out. */
export function* missingDescriptions(snapshot: Snapshot): Generator<LintFinding> {
  for (const group of snapshot.securityGroups.values()) {
    if (group.name === "default") continue;
    if (PLACEHOLDERS.has(group.description)) {
      yield lintFinding("missing-description", "info", group, "the group has no description of its own");
    }
    const rules = group.rules.filter((rule) => rule.description === "" && !isDefaultEgress(rule));
    if (rules.length === 0) continue;
    const text = `${rules.length} of ${group.rules.length} rules have no description`;
    const about = { ruleIds: rules.map((rule) => rule.id), origin: rules[0].origin };
    yield lintFinding("missing-description", "info", group, text, about);
  }
}

/** The allow-all egress rule that AWS gives every new group. */
function isDefaultEgress({ direction, protocol, peer }: SecurityGroupRule): boolean {
  return direction === "egress" && protocol === ALL_PROTOCOLS && peer.kind === "cidr" && peer.prefix.length === 0;
}
