import { type AclDecision, type Config, type Nic, readConfig } from "./config.ts";
import type { Documents } from "./documents.ts";
import type { Direction, Packet } from "./packet.ts";
import { createGroupLayer, type GroupDecision, type GroupLayer, type Timeouts } from "./security-group.ts";

type LayerName = "ALLOWED" | "SG_IN" | "SG_OUT" | "NACL_IN" | "NACL_OUT";

/** What became of a packet at one interface. `logged` holds the addresses and ports that its records show. */
export interface Sighting {
  readonly nic: Nic;
  readonly direction: Direction;
  readonly packet: Packet;
  readonly layer: LayerName;
  /** null where the network ACL came first. */
  readonly groups: GroupDecision | null;
  /** null inside the subnet, or where the groups came first. */
  readonly acl: AclDecision | null;
  readonly sameSubnet: boolean;
}

/** A configuration and the time (Unix seconds) from which it is in force. */
export interface Epoch {
  readonly from: number;
  readonly documents: Documents;
}

export interface Network {
  /** Sends a packet; false when something on its way rejects it. Packets of one five-tuple must come in order of time. */
  send(packet: Packet): boolean;
  readonly sightings: readonly Sighting[];
  readonly configs: readonly Config[];
}

/**
 * Interfaces between which packets travel. `natGateway` says through which interface an address reaches the internet:
 * there the packet is seen twice, with the gateway's address in place of the instance's behind it.
 */
export function createNetwork(
  epochs: readonly Epoch[],
  natGateway: (address: string) => string | null = () => null,
  timeouts?: Timeouts,
): Network {
  const configs = epochs.map(({ documents }) => readConfig(documents));
  const layers = new Map<string, GroupLayer>();
  const sightings: Sighting[] = [];
  const translations = createTranslations();

  const layerOf = (nic: Nic): GroupLayer => {
    const layer = layers.get(nic.id) ?? createGroupLayer(timeouts);
    layers.set(nic.id, layer);
    return layer;
  };
  const configAt = (time: number): Config => configs[epochs.findLastIndex(({ from }) => from <= time)];

  const pass = (config: Config, nic: Nic, direction: Direction, packet: Packet): boolean => {
    const peer = direction === "ingress" ? packet.src : packet.dst;
    const sameSubnet = config.sameSubnet(nic, peer);
    const askGroups = (): GroupDecision => layerOf(nic).decide(nic, direction, packet);
    const askAcl = (): AclDecision | null => (sameSubnet ? null : config.aclDecides(nic, direction, packet));
    let [groups, acl]: [GroupDecision | null, AclDecision | null] = [null, null];
    let layer: LayerName = "ALLOWED";
    if (direction === "ingress") {
      acl = askAcl();
      if (acl?.allow === false) layer = "NACL_IN";
      else if (!(groups = askGroups()).pass) layer = "SG_IN";
    } else if (!(groups = askGroups()).pass) layer = "SG_OUT";
    else if ((acl = askAcl())?.allow === false) layer = "NACL_OUT";
    sightings.push({ nic, direction, packet, layer, groups, acl, sameSubnet });
    return layer === "ALLOWED";
  };

  /** Along the interfaces of one leg, from the owner of the source to the owner of the destination. */
  const travel = (config: Config, packet: Packet): boolean => {
    const [from, to] = [config.ownerOf(packet.src), config.ownerOf(packet.dst)];
    return (!from || pass(config, from, "egress", packet)) && (!to || pass(config, to, "ingress", packet));
  };

  return {
    sightings,
    configs,
    send(packet) {
      const config = configAt(packet.time);
      const out = config.ownerOf(packet.src) && !config.ownerOf(packet.dst) ? natGateway(packet.src) : null;
      const back = !config.ownerOf(packet.src) && config.ownerOf(packet.dst) ? natGateway(packet.dst) : null;
      const gateway = config.ownerOf(out ?? back ?? "");
      if (!gateway) return travel(config, packet);
      const through = translations.of(packet, gateway.primary!, out !== null);
      // Nothing comes in through a gateway that did not go out before.
      if (!through) return false;
      if (out !== null) {
        const inside = config.ownerOf(packet.src)!;
        return (
          pass(config, inside, "egress", packet) &&
          pass(config, gateway, "ingress", packet) &&
          pass(config, gateway, "egress", through)
        );
      }
      return (
        pass(config, gateway, "ingress", through) &&
        pass(config, gateway, "egress", packet) &&
        pass(config, config.ownerOf(packet.dst)!, "ingress", packet)
      );
    },
  };
}

/** The gateway's port of each connection through it. */
function createTranslations(): {
  of(packet: Packet, gateway: string, outward: boolean): Packet | null;
} {
  const ports = new Map<string, number>();
  return {
    of(packet, gateway, outward) {
      const inside = outward ? `${packet.src}|${packet.srcPort}` : `${packet.dst}|${packet.dstPort}`;
      const far = outward ? `${packet.dst}|${packet.dstPort}` : `${packet.src}|${packet.srcPort}`;
      const key = `${packet.protocol}|${inside}|${far}`;
      if (!outward && !packet.about && !ports.has(key)) return null;
      const port = ports.get(key) ?? 1024 + ((ports.size * 7919) % 60_000);
      ports.set(key, port);
      if (packet.srcPort === 0 && packet.dstPort === 0) {
        return outward ? { ...packet, src: gateway } : { ...packet, dst: gateway };
      }
      return outward ? { ...packet, src: gateway, srcPort: port } : { ...packet, dst: gateway, dstPort: port };
    },
  };
}
