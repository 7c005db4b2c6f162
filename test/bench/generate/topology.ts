import { formatIpv4, formatIpv6 } from "../../../src/net/address.ts";
import { idOf } from "./random.ts";

export type Role = "web" | "app" | "db" | "batch" | "dns";

/** A network interface; its groups follow from its role and application. */
export interface Eni {
  readonly index: number;
  readonly id: string;
  readonly role: Role;
  readonly application: number;
  readonly subnet: number;
  readonly address: number;
  readonly addressText: string;
  readonly address6: string;
}

interface SubnetPlan {
  readonly id: string;
  readonly public: boolean;
  readonly network: number;
  readonly network6: string;
}

/** Interfaces of one application, by role: web talks to app, app to db, all to its dns server. */
export type Application = Readonly<Record<Role, readonly Eni[]>>;

export interface Topology {
  readonly vpcId: string;
  readonly enis: readonly Eni[];
  readonly subnets: readonly SubnetPlan[];
  readonly applications: readonly Application[];
}

const INTERFACES_PER_APPLICATION = 50;
const HOSTS_PER_SUBNET = 250;
const NETWORK = 10 * 2 ** 24;
/** A /52: room for a /64 each of 4,096 subnets. */
export const NETWORK6 = "2600:1f18:4a3b:5000::/52";
const NETWORK6_WORDS = [0x26001f18, 0x4a3b5000] as const;

/** Roles of an application with this many interfaces: 6 % web, 14 % db, 18 % batch, one dns, the rest app. */
function rolesOf(size: number): Role[] {
  const share = (part: number): number => Math.max(1, Math.floor(size * part));
  const roles: Role[] = [];
  const add = (role: Role, count: number): void => {
    for (let index = 0; index < count; index++) roles.push(role);
  };
  add("web", share(0.06));
  add("db", share(0.14));
  add("dns", 1);
  add("batch", share(0.18));
  add("app", size - roles.length);
  return roles;
}

const address6 = (subnet: number, host: number): string =>
  formatIpv6(NETWORK6_WORDS[0], NETWORK6_WORDS[1] + subnet, 0, host);

/** Web interfaces lie in public subnets, all others in private ones; a subnet is filled before the next begins. */
export function planTopology(interfaces: number, seed: number): Topology {
  if (interfaces < 5) throw new Error("a topology has 5 interfaces at least");
  const count = Math.max(1, Math.floor(interfaces / INTERFACES_PER_APPLICATION));
  const roles = Array.from({ length: count }, (_, application) => {
    const rest = application === count - 1 ? interfaces - count * Math.floor(interfaces / count) : 0;
    return rolesOf(Math.floor(interfaces / count) + rest).map((role) => ({ role, application }));
  }).flat();
  const publicHosts = roles.filter(({ role }) => role === "web").length;
  const publicSubnets = Math.ceil(publicHosts / HOSTS_PER_SUBNET);
  const privateSubnets = Math.ceil((roles.length - publicHosts) / HOSTS_PER_SUBNET);
  const subnets = Array.from({ length: publicSubnets + privateSubnets }, (_, index) => ({
    id: idOf(seed, "subnet", index),
    public: index < publicSubnets,
    network: NETWORK + index * 256,
    network6: address6(index, 0),
  }));
  let web = 0;
  let inside = publicSubnets * HOSTS_PER_SUBNET;
  const enis = roles.map(({ role, application }, index): Eni => {
    const place = role === "web" ? web++ : inside++;
    const subnet = Math.floor(place / HOSTS_PER_SUBNET);
    const address = subnets[subnet].network + 4 + (place % HOSTS_PER_SUBNET);
    return {
      index,
      id: idOf(seed, "eni", index),
      role,
      application,
      subnet,
      address,
      addressText: formatIpv4(address),
      address6: address6(subnet, address & 0xff),
    };
  });
  const applications = Array.from(
    { length: count },
    () => ({ web: [], app: [], db: [], batch: [], dns: [] }) as Record<Role, Eni[]>,
  );
  for (const eni of enis) applications[eni.application][eni.role].push(eni);
  return { vpcId: idOf(seed, "vpc", 0), enis, subnets, applications };
}
