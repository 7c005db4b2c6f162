import type { Direction, NetworkAcl, NetworkAclEntry, Snapshot } from "../../model/model.ts";
import { ALL_PROTOCOLS, protocolName, TCP, UDP } from "../../net/protocols.ts";
import { type AddressSet, type Region, type Span, subtract, subtractRegions, unite } from "../boxes.ts";
import { type LintFinding, lintFinding } from "./finding.ts";
import { prefixRegions } from "./rule-boxes.ts";

/** Entries that never decide anything, because earlier entries match all of their traffic, alone or together. */
export function* unreachableEntries(snapshot: Snapshot): Generator<LintFinding> {
  for (const acl of snapshot.networkAcls.values()) {
    for (const list of entryLists(acl)) {
      for (const [index, { entry, region }] of list.entries()) {
        if (isDefaultDeny(entry)) continue;
        const { used, rest } = subtractRegions(
          region,
          list.slice(0, index).map((one) => one.region),
        );
        if (rest.length > 0) continue;
        const covering = used.map((at) => list[at].entry);
        const contrary = covering.filter((one) => one.action !== entry.action);
        const names = covering.map((one) => one.number).join(", ");
        const verb = covering.length === 1 ? "decides" : "together decide";
        const name = `${entry.action} ${entry.number}`;
        const against = contrary.map((one) => `${one.action} ${one.number}`).join(", ");
        const about = { ruleIds: [entry.id], coveringRuleIds: covering.map((one) => one.id), origin: entry.origin };
        if (contrary.length > 0) {
          const message = `${name} is never reached: ${names} ${verb} all of its traffic, ${against} against it`;
          yield lintFinding("nacl-entry-shadowed", "medium", acl, message, about);
        } else {
          const message = `${name} changes nothing: ${names} already ${verb} the same for all of its traffic`;
          yield lintFinding("nacl-entry-redundant", "low", acl, message, about);
        }
      }
    }
  }
}

interface EntryRegion {
  readonly entry: NetworkAclEntry;
  readonly region: Region;
}

/** The entries in order, in one list for each direction and family. */
function entryLists(acl: NetworkAcl): EntryRegion[][] {
  const lists = new Map<string, EntryRegion[]>();
  for (const entry of acl.entries) {
    for (const [space, region] of prefixRegions(entry, [entry.prefix])) {
      const key = `${entry.direction} ${space}`;
      const list = lists.get(key);
      if (list) list.push({ entry, region });
      else lists.set(key, [{ entry, region }]);
    }
  }
  return [...lists.values()];
}

function isDefaultDeny(entry: NetworkAclEntry): boolean {
  return entry.id.endsWith("/*");
}

/** Ephemeral ports of current Linux and Windows (from 32768 and 49152); half-open. */
const COMMON: Span = { from: 32768, to: 65536 };
/** NAT gateways, load balancers, Lambda and old systems also use these (VPC User Guide, "Custom network ACLs"). */
const RARE: Span = { from: 1024, to: 32768 };
/** An entry above the well-known ports that is at least this wide is meant for replies itself. */
const RETURN_RANGE_WIDTH = 16384;

/**
 * Entries that let connections begin whose replies the other direction denies. A network ACL is stateless, so the ephemeral
 * port of the client must be allowed the other way.
 */
export function* missingReturnRanges(snapshot: Snapshot): Generator<LintFinding> {
  for (const acl of snapshot.networkAcls.values()) {
    const lists = entryLists(acl);
    for (const list of lists) {
      const replies = lists.find((other) => isReverse(list, other)) ?? [];
      for (const [index, { entry, region }] of list.entries()) {
        if (entry.action === "deny" || isDefaultDeny(entry) || isReturnRange(entry)) continue;
        const earlier = list.slice(0, index).map((one) => one.region);
        for (const protocol of [TCP, UDP]) {
          if (entry.protocol !== protocol && entry.protocol !== ALL_PROTOCOLS) continue;
          const { rest } = subtractRegions({ ...region, protocols: { from: protocol, to: protocol + 1 } }, earlier);
          const peers = unite(rest.flatMap((one) => one.addresses));
          const finding = judge(acl, entry, protocol, peers, replies);
          if (finding) yield finding;
        }
      }
    }
  }
}

function judge(
  acl: NetworkAcl,
  entry: NetworkAclEntry,
  protocol: number,
  peers: AddressSet,
  replies: readonly EntryRegion[],
): LintFinding | null {
  const common = deniedReplies(protocol, COMMON, peers, replies);
  const denied = common.by.length > 0 ? common : deniedReplies(protocol, RARE, peers, replies);
  if (denied.by.length === 0 || peers.length === 0) return null;
  const everywhere = subtract(peers, denied.addresses).length === 0;
  const back: Direction = entry.direction === "ingress" ? "egress" : "ingress";
  const ports = common.by.length > 0 ? "32768-65535" : "1024-32767 (NAT gateways, load balancers, Lambda)";
  const by = denied.by.map((one) => (isDefaultDeny(one) ? "*" : one.number)).join(", ");
  const severity = everywhere && common.by.length > 0 ? (protocol === TCP ? "high" : "medium") : "low";
  const begins = `${entry.direction} ${entry.number} lets ${protocolName(protocol)} connections begin`;
  const denies = `${back} ${by} ${denied.by.length === 1 ? "denies" : "deny"} replies to ephemeral ports ${ports}`;
  const message = `${begins}, but ${denies}${everywhere ? "" : " for part of its addresses"}`;
  return lintFinding("nacl-return-range", severity, acl, message, {
    ruleIds: [entry.id],
    coveringRuleIds: denied.by.map((one) => one.id),
    detail: protocolName(protocol),
    origin: entry.origin,
  });
}

/** The entries that deny replies to these ports, and the addresses for which they deny at least one of the ports. */
function deniedReplies(
  protocol: number,
  details: Span,
  addresses: AddressSet,
  replies: readonly EntryRegion[],
): { by: NetworkAclEntry[]; addresses: AddressSet } {
  let open = [{ protocols: { from: protocol, to: protocol + 1 }, details, addresses }];
  const by: NetworkAclEntry[] = [];
  const denied = [];
  for (const { entry, region } of replies) {
    const next = open.flatMap((one) => subtractRegions(one, [region]).rest);
    if (entry.action === "deny") {
      const taken = open.flatMap((one) => subtractRegions(one, next).rest.flatMap((piece) => piece.addresses));
      if (taken.length > 0) by.push(entry);
      denied.push(...taken);
    }
    open = next;
  }
  return { by, addresses: unite(denied) };
}

function isReverse(list: readonly EntryRegion[], other: readonly EntryRegion[]): boolean {
  const [{ entry: a }] = list;
  const [{ entry: b }] = other;
  return a.direction !== b.direction && a.prefix.family === b.prefix.family;
}

function isReturnRange({ ports }: NetworkAclEntry): boolean {
  return ports !== null && ports.from >= 1024 && ports.to - ports.from + 1 >= RETURN_RANGE_WIDTH;
}
