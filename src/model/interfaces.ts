import type { Address, Prefix } from "../net/address.ts";
import { parseAddress } from "../net/parse.ts";
import { child } from "./documents.ts";
import { modelError, type Notes, show } from "./messages.ts";
import type { NetworkInterface, Origin } from "./model.ts";
import { readPrefix } from "./rule-match.ts";
import type { Shape } from "./schema.ts";

type InterfaceShape = Shape<"NetworkInterfaces">;

// Most interfaces lack these, and a large model has a hundred thousand interfaces: they share one value.
const NONE: readonly never[] = [];
const DEFAULT_TRACKING: NetworkInterface["tracking"] = { tcpEstablished: null, udpStream: null, udpSingle: null };

export function readInterface(value: InterfaceShape, origin: Origin, notes: Notes): NetworkInterface {
  return {
    id: value.NetworkInterfaceId,
    vpcId: value.VpcId ?? null,
    subnetId: value.SubnetId ?? null,
    ownerId: value.OwnerId ?? null,
    type: value.InterfaceType ?? "interface",
    description: value.Description ?? "",
    instanceId: value.Attachment?.InstanceId ?? null,
    attachedAt: attachTime(value),
    groupIds: groupIds(value),
    addresses: privateAddresses(value, origin),
    prefixes: delegatedPrefixes(value, origin, notes),
    publicAddresses: publicAddresses(value, origin),
    tags: readTags(value.TagSet),
    tracking: ownTracking(value),
    requesterManaged: value.RequesterManaged ?? false,
    origin,
  };
}

/** Unix seconds; null where the time is absent, or written in a form of its own as recordings of tests do. */
function attachTime({ Attachment: attachment }: InterfaceShape): number | null {
  const time = attachment?.AttachTime;
  const milliseconds = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000);
}

function groupIds({ Groups: groups }: InterfaceShape): readonly string[] {
  if (!groups || groups.length === 0) return NONE;
  const ids = groups.map((group) => group.GroupId);
  return ids.every((id, at) => ids.indexOf(id) === at) ? ids : [...new Set(ids)];
}

function ownTracking({ ConnectionTrackingConfiguration: tracking }: InterfaceShape): NetworkInterface["tracking"] {
  if (!tracking) return DEFAULT_TRACKING;
  return {
    tcpEstablished: tracking.TcpEstablishedTimeout ?? null,
    udpStream: tracking.UdpStreamTimeout ?? null,
    udpSingle: tracking.UdpTimeout ?? null,
  };
}

/** Primary private IPv4, secondary ones, IPv6. */
function privateAddresses(value: InterfaceShape, origin: Origin): Address[] {
  const addresses: Address[] = [];
  const all = value.PrivateIpAddresses ?? [];
  const primary = value.PrivateIpAddress ?? all.find((one) => one.Primary)?.PrivateIpAddress;
  if (primary) addresses.push(readAddress(primary, () => child(origin, "PrivateIpAddress")));
  for (const [index, { PrivateIpAddress: text }] of all.entries()) {
    if (!text || text === primary) continue;
    addresses.push(readAddress(text, () => child(origin, "PrivateIpAddresses", index, "PrivateIpAddress")));
  }
  for (const [index, { Ipv6Address: text }] of (value.Ipv6Addresses ?? []).entries()) {
    addresses.push(readAddress(text, () => child(origin, "Ipv6Addresses", index, "Ipv6Address")));
  }
  return addresses;
}

function delegatedPrefixes(value: InterfaceShape, origin: Origin, notes: Notes): readonly Prefix[] {
  if (!value.Ipv4Prefixes?.length && !value.Ipv6Prefixes?.length) return NONE;
  return [
    ...(value.Ipv4Prefixes ?? []).map(({ Ipv4Prefix: text }, index) =>
      readPrefix(text, () => child(origin, "Ipv4Prefixes", index, "Ipv4Prefix"), notes),
    ),
    ...(value.Ipv6Prefixes ?? []).map(({ Ipv6Prefix: text }, index) =>
      readPrefix(text, () => child(origin, "Ipv6Prefixes", index, "Ipv6Prefix"), notes),
    ),
  ];
}

/** AWS repeats the association of the interface on its primary address. */
function publicAddresses(value: InterfaceShape, origin: Origin): readonly Address[] {
  if (!value.Association && !value.PrivateIpAddresses?.some((one) => one.Association)) return NONE;
  const texts = new Map<string, Address>();
  const own = value.Association?.PublicIp;
  if (own)
    texts.set(
      own,
      readAddress(own, () => child(origin, "Association", "PublicIp")),
    );
  for (const [index, { Association: association }] of (value.PrivateIpAddresses ?? []).entries()) {
    const text = association?.PublicIp;
    if (!text || texts.has(text)) continue;
    const at = (): Origin => child(origin, "PrivateIpAddresses", index, "Association", "PublicIp");
    texts.set(text, readAddress(text, at));
  }
  return [...texts.values()];
}

function readAddress(text: string, at: () => Origin): Address {
  const address = parseAddress(text);
  if (!address) throw modelError(at(), `not an IP address: ${show(text)}`);
  return address;
}

type TagShape = readonly { Key: string; Value?: string | null }[] | null | undefined;

/** Has no properties but tags: a tag may be called `__proto__`. An object of `Object.create(null)` takes ten times the memory. */
const Tags = function () {} as unknown as new () => Record<string, string>;
Tags.prototype = Object.create(null);

export function readTags(tags: TagShape): Record<string, string> {
  const record = new Tags();
  for (const tag of tags ?? []) record[tag.Key] = tag.Value ?? "";
  return record;
}
