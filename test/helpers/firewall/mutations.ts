import type { Chance } from "./chance.ts";
import type { AclEntry, Documents, GroupRule } from "./documents.ts";

/** Changes a configuration in place; false when it has nothing of the kind. */
export type Mutation = (documents: Documents, chance: Chance, hit: ReadonlySet<string>) => boolean;

/** A rule that traffic met, so that the change matters. */
function aRule({ SecurityGroupRules }: Documents, chance: Chance, hit: ReadonlySet<string>): GroupRule | undefined {
  return chance.pick(SecurityGroupRules.filter((rule) => hit.has(rule.SecurityGroupRuleId)));
}

function anEntry({ NetworkAcls }: Documents, chance: Chance): { list: AclEntry[]; at: number } | null {
  const acl = chance.pick(NetworkAcls);
  const own = acl.Entries.filter(({ RuleNumber }) => RuleNumber < 32_767);
  return own.length === 0 ? null : { list: acl.Entries, at: acl.Entries.indexOf(chance.pick(own)) };
}

function without(rule: GroupRule): void {
  delete rule.CidrIpv4;
  delete rule.CidrIpv6;
  delete rule.PrefixListId;
  delete rule.ReferencedGroupInfo;
}

const sixth = ({ Vpcs, Subnets }: Documents): boolean => Vpcs.length > 0 && Subnets.every((one) => !one.CidrBlock);

/** What people do to configurations, by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "a rule removed"(documents, chance, hit) {
    const rule = aRule(documents, chance, hit);
    if (rule) documents.SecurityGroupRules.splice(documents.SecurityGroupRules.indexOf(rule), 1);
    return rule !== undefined;
  },
  "a rule's ports narrowed"(documents, chance, hit) {
    const rule = aRule(documents, chance, hit);
    if (!rule || rule.ToPort <= rule.FromPort) return false;
    rule.FromPort += Math.ceil((rule.ToPort - rule.FromPort) / 2);
    return true;
  },
  "a rule's peer narrowed"(documents, chance, hit) {
    const rule = aRule(documents, chance, hit);
    if (!rule) return false;
    without(rule);
    if (sixth(documents)) rule.CidrIpv6 = "2001:db8:f100::/40";
    else rule.CidrIpv4 = chance.pick(["203.0.113.0/25", "10.0.0.0/19", "10.20.1.0/28", "10.40.2.0/23"]);
    return true;
  },
  "a rule opened to the world"(documents, chance, hit) {
    const rule = aRule(documents, chance, hit);
    if (!rule) return false;
    without(rule);
    if (sixth(documents)) rule.CidrIpv6 = "::/0";
    else rule.CidrIpv4 = "0.0.0.0/0";
    if (rule.IpProtocol === "tcp" || rule.IpProtocol === "udp") [rule.FromPort, rule.ToPort] = [0, 65_535];
    return true;
  },
  "a rule added"(documents, chance) {
    const { GroupId } = chance.pick(documents.SecurityGroups);
    const service = { IpProtocol: "tcp", FromPort: 1, ToPort: 1024 };
    const peer = sixth(documents) ? { CidrIpv6: "::/0" } : { CidrIpv4: "0.0.0.0/0" };
    const common = { SecurityGroupRuleId: "sgr-0aaaaaaaaaaaaaaa1", GroupId, IsEgress: chance.often(30) };
    documents.SecurityGroupRules.push({ ...common, ...service, ...peer });
    return true;
  },
  "an interface out of a group"(documents, chance) {
    const nic = chance.pick(documents.NetworkInterfaces.filter(({ Groups }) => Groups.length > 1));
    if (nic) nic.Groups.splice(chance.between(0, nic.Groups.length - 1), 1);
    return nic !== undefined;
  },
  "an interface in another group"(documents, chance) {
    const nic = chance.pick(documents.NetworkInterfaces.filter(({ Groups }) => Groups.length > 0));
    const { GroupId } = chance.pick(documents.SecurityGroups.filter(({ VpcId }) => VpcId === nic.VpcId));
    nic.Groups = [{ GroupId }];
    return true;
  },
  "a prefix list changed"(documents, chance) {
    const list = chance.pick(documents.PrefixLists);
    if (!list) return false;
    list.Entries.splice(0, 1, { Cidr: "198.51.100.0/25" });
    return true;
  },
  "a deny entry in front"(documents, chance) {
    const acl = chance.pick(documents.NetworkAcls);
    const block = sixth(documents)
      ? { Ipv6CidrBlock: "2001:db8:f000::/40" }
      : { CidrBlock: chance.pick(["203.0.113.0/25", "10.0.0.0/18", "10.8.0.0/24", "172.20.1.0/24", "10.40.2.0/24"]) };
    acl.Entries.push({ RuleNumber: 2, Egress: chance.often(50), RuleAction: "deny", Protocol: "-1", ...block });
    return true;
  },
  "an entry removed"(documents, chance) {
    const entry = anEntry(documents, chance);
    entry?.list.splice(entry.at, 1);
    return entry !== null;
  },
  "entries numbered anew, the last first"(documents, chance) {
    const acl = chance.pick(documents.NetworkAcls);
    for (const egress of [true, false]) {
      const own = acl.Entries.filter(({ Egress, RuleNumber }) => Egress === egress && RuleNumber < 32_767);
      const numbers = own.map(({ RuleNumber }) => RuleNumber).sort((a, b) => b - a);
      own.sort((a, b) => a.RuleNumber - b.RuleNumber).forEach((entry, at) => (entry.RuleNumber = numbers[at]));
    }
    return true;
  },
  "an entry's action turned"(documents, chance) {
    const entry = anEntry(documents, chance);
    if (!entry) return false;
    const one = entry.list[entry.at];
    one.RuleAction = one.RuleAction === "allow" ? "deny" : "allow";
    return true;
  },
};
