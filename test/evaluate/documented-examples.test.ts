import { describe, expect, test } from "vitest";
import { smallModel, type Network } from "../helpers/small-model.ts";
import { judgeFast } from "./judge-fast.ts";

/** One answer a record: `verdict agreement initiator layer=decision ...`; layers that are not on the path are left out. */
async function answers(network: Network, records: readonly string[], fields?: string): Promise<string[]> {
  const judged = judgeFast(await smallModel(network), [[`${records.join("\n")}\n`]], fields?.split(" "));
  return judged.map(({ judgement: { verdict, agreement, initiator, layers } }) => {
    const asked = Object.entries(layers).filter(([, decision]) => decision !== null);
    return [verdict, agreement, initiator, ...asked.map(([layer, decision]) => `${layer}=${decision}`)].join(" ");
  });
}

const line = (text: string): string => `2 123456789010 eni-1235b8ca123456789 ${text} OK`;

// VPC User Guide, "Flow log record examples": the records verbatim, with the configuration that the page describes.
describe("documented records, default format", () => {
  const one = (groups: Network["groups"], entries?: readonly string[]): Network => ({
    subnets: { "subnet-1": "172.31.16.0/20" },
    interfaces: { "eni-1235b8ca123456789": "subnet-1 172.31.16.139 sg-1" },
    groups,
    ...(entries ? { acls: { "acl-1": ["subnet-1"] }, entries: { "acl-1": entries } } : {}),
  });

  test("SSH in is accepted, inside the subnet without a network ACL", async () => {
    const network = one({ "sg-1": ["in tcp 22 0.0.0.0/0", "out all 0.0.0.0/0"] });
    const found = await answers({ ...network, interfaces: { "eni-1235b8ca123456789": "subnet-1 172.31.16.21 sg-1" } }, [
      line("172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT"),
    ]);
    expect(found).toEqual(["allow agree remote nacl_in=skipped sg_in=allow"]);
  });

  test("RDP in is rejected by whichever layer denies", async () => {
    const record = line("172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT");
    const at = (groups: Network["groups"], entries?: readonly string[]): Network => ({
      ...one(groups, entries),
      subnets: { "subnet-1": "172.31.9.0/27" },
      interfaces: { "eni-1235b8ca123456789": "subnet-1 172.31.9.12 sg-1" },
    });
    expect(await answers(at({ "sg-1": ["in tcp 22 0.0.0.0/0"] }), [record])).toEqual([
      "deny agree remote nacl_in=allow sg_in=deny",
    ]);
    const stopped = at({ "sg-1": ["in tcp 3389 0.0.0.0/0"] }, [
      "in 90 deny tcp 3389 0.0.0.0/0",
      "in 100 allow all 0.0.0.0/0",
    ]);
    expect(await answers(stopped, [record])).toEqual(["deny agree remote nacl_in=deny sg_in=allow"]);
  });

  test("NODATA and SKIPDATA carry no verdict", async () => {
    const network = one({ "sg-1": [] });
    const found = await answers(network, [
      "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA",
      "2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA",
    ]);
    expect(found).toEqual(["undecided no_data unknown", "undecided no_data unknown"]);
  });

  test("a ping comes in and its reply is stopped by a network ACL that allows ICMP in only", async () => {
    const network = one({ "sg-1": ["in icmp 0.0.0.0/0"] }, [
      "in 100 allow icmp 0.0.0.0/0",
      "out 100 deny icmp 0.0.0.0/0",
    ]);
    const found = await answers(network, [
      line("203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT"),
      line("172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142 REJECT"),
    ]);
    expect(found).toEqual([
      "allow agree remote nacl_in=allow sg_in=allow",
      "deny agree remote sg_out=tracked nacl_out=deny",
    ]);
  });

  test("a network ACL that lets ICMP out gives two ACCEPTs, a group that keeps it out one REJECT", async () => {
    const open = one({ "sg-1": ["in icmp 0.0.0.0/0"] });
    expect(
      await answers(open, [
        line("203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT"),
        line("172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142 ACCEPT"),
      ]),
    ).toEqual(["allow agree remote nacl_in=allow sg_in=allow", "allow agree remote sg_out=tracked nacl_out=allow"]);
    const shut = one({ "sg-1": ["in tcp 22 0.0.0.0/0"] });
    expect(await answers(shut, [line("203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 REJECT")])).toEqual([
      "deny agree remote nacl_in=allow sg_in=deny",
    ]);
  });

  test("IPv6 SSH needs IPv6 rules in both layers", async () => {
    const record = line(
      "2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT",
    );
    const at = (rule: string): Network => ({
      subnets: { "subnet-1": ["10.0.2.0/24", "2001:db8:1234:a102::/64"] },
      interfaces: { "eni-1235b8ca123456789": "subnet-1 10.0.2.4,2001:db8:1234:a102:3304:8879:34cf:4071 sg-1" },
      groups: { "sg-1": [rule] },
    });
    expect(await answers(at("in tcp 22 2001:db8:1234::/48"), [record])).toEqual([
      "allow agree remote nacl_in=allow sg_in=allow",
    ]);
    expect(await answers(at("in tcp 22 0.0.0.0/0"), [record])).toEqual([
      "deny unexpected_accept remote nacl_in=allow sg_in=deny",
    ]);
  });
});

describe("documented records, custom formats", () => {
  const FLAGS =
    "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags log-status";
  const flagged = (rest: string): string =>
    `3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 123456789010 IPv4 ${rest} OK`;

  test("TCP flags tell the server's side from the client's, also for a FIN alone", async () => {
    const network: Network = {
      subnets: { "subnet-aaaaaaaa012345678": "10.0.0.0/24" },
      interfaces: { "eni-1235b8ca123456789": "subnet-aaaaaaaa012345678 10.0.0.62 sg-1" },
      groups: { "sg-1": ["in tcp 5001 52.213.180.42/32"] },
    };
    const found = await answers(
      network,
      [
        "52.213.180.42 10.0.0.62 43416 5001 52.213.180.42 10.0.0.62 6 568 8 1566848875 1566848933 ACCEPT 2",
        "10.0.0.62 52.213.180.42 5001 43416 10.0.0.62 52.213.180.42 6 376 7 1566848875 1566848933 ACCEPT 18",
        "52.213.180.42 10.0.0.62 43418 5001 52.213.180.42 10.0.0.62 6 100701 70 1566848875 1566848933 ACCEPT 2",
        "10.0.0.62 52.213.180.42 5001 43418 10.0.0.62 52.213.180.42 6 632 12 1566848875 1566848933 ACCEPT 18",
        "10.0.0.62 52.213.180.42 5001 43418 10.0.0.62 52.213.180.42 6 63388 1219 1566848933 1566849113 ACCEPT 1",
        "52.213.180.42 10.0.0.62 43418 5001 52.213.180.42 10.0.0.62 6 23294588 15774 1566848933 1566849113 ACCEPT 1",
        "52.213.180.42 10.0.0.62 43638 5001 52.213.180.42 10.0.0.62 6 1260 17 1566933133 1566933193 ACCEPT 3",
        "10.0.0.62 52.213.180.42 5001 43638  10.0.0.62 52.213.180.42 6 967 14 1566933133 1566933193 ACCEPT 19",
      ].map(flagged),
      FLAGS,
    );
    const request = "allow agree remote nacl_in=allow sg_in=allow";
    const reply = "allow agree remote sg_out=tracked nacl_out=allow";
    expect(found).toEqual([request, reply, request, reply, reply, request, request, reply]);
  });

  test("an instance that asks S3 is the initiator; the answer passes by state", async () => {
    const fields =
      "version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id vpc-id subnet-id instance-id interface-id region az-id sublocation-type sublocation-id action tcp-flags pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service traffic-path flow-direction log-status";
    const network: Network = {
      subnets: { "subnet-aaaaaaaa012345678": "10.0.0.0/24" },
      interfaces: { "eni-1235b8ca123456789": "subnet-aaaaaaaa012345678 10.0.0.71 sg-1" },
      groups: { "sg-1": ["out tcp 80 0.0.0.0/0"] },
    };
    const found = await answers(
      network,
      [
        "5 52.95.128.179 10.0.0.71 80 34210 6 1616729292 1616729349 IPv4 14 15044 123456789012 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-0c50d5961bcb2d47b eni-1235b8ca123456789 ap-southeast-2 apse2-az3 - - ACCEPT 19 52.95.128.179 10.0.0.71 S3 - - ingress OK",
        "5 10.0.0.71 52.95.128.179 34210 80 6 1616729292 1616729349 IPv4 7 471 123456789012 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-0c50d5961bcb2d47b eni-1235b8ca123456789 ap-southeast-2 apse2-az3 - - ACCEPT 3 10.0.0.71 52.95.128.179 - S3 8 egress OK",
      ],
      fields,
    );
    expect(found).toEqual([
      "allow agree local nacl_in=allow sg_in=tracked",
      "allow agree local sg_out=allow nacl_out=allow",
    ]);
  });

  test("a NAT gateway's interface has no groups; the instance's peer is the internet host", async () => {
    const network: Network = {
      subnets: { "subnet-nat": "10.0.0.0/24", "subnet-1": "10.0.1.0/24" },
      interfaces: {
        "eni-1235b8ca123456789": "subnet-nat 10.0.0.220 - natGateway",
        "eni-1111aaaa2222bbbb3": "subnet-1 10.0.1.5 sg-1",
      },
      groups: { "sg-1": ["out all 203.0.113.5/32"] },
    };
    const found = await answers(
      network,
      [
        "- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
        "- eni-1235b8ca123456789 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5",
        "- eni-1235b8ca123456789 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220",
        "- eni-1235b8ca123456789 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5",
        "i-01234567890123456 eni-1111aaaa2222bbbb3 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5",
        "i-01234567890123456 eni-1111aaaa2222bbbb3 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5",
      ],
      "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr",
    );
    // These records have no action: nothing to compare, but the layers have answered.
    expect(found.map((answer) => answer.replace(/ (local|remote|unknown) /, " "))).toEqual([
      "allow undecided nacl_in=allow sg_in=skipped",
      "allow undecided sg_out=skipped nacl_out=allow",
      "allow undecided nacl_in=allow sg_in=skipped",
      "allow undecided sg_out=skipped nacl_out=allow",
      "allow undecided sg_out=allow nacl_out=allow",
      "allow undecided nacl_in=allow sg_in=tracked",
    ]);
  });

  test("a regional NAT gateway has no interface: no verdict", async () => {
    const network: Network = { subnets: { "subnet-1": "10.0.1.0/24" }, interfaces: { "eni-9": "subnet-1 10.0.1.9" } };
    const found = await answers(
      network,
      ["nat-1234567890abcdef - - - 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5"],
      "resource-id instance-id interface-id subnet-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr",
    );
    expect(found).toEqual(["undecided unmodelled unknown"]);
  });

  test("a transit gateway's interfaces have no groups and see the original addresses", async () => {
    const fields =
      "version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol tcp-flags type pkt-srcaddr pkt-dstaddr action log-status";
    const network: Network = {
      subnets: { "subnet-11111111aaaaaaaaa": "10.40.1.0/24", "subnet-22222222bbbbbbbbb": "10.40.2.0/24" },
      interfaces: {
        "eni-33333333333333333": "subnet-22222222bbbbbbbbb 10.40.2.236 sg-1",
        "eni-11111111111111111": "subnet-11111111aaaaaaaaa 10.40.1.175 - transit_gateway",
        "eni-22222222222222222": "subnet-22222222bbbbbbbbb 10.40.2.31 - transit_gateway",
      },
      groups: { "sg-1": ["in tcp 80 10.20.33.164/32"] },
    };
    const found = await answers(
      network,
      [
        "3 eni-33333333333333333 123456789010 vpc-abcdefab012345678 subnet-22222222bbbbbbbbb i-01234567890123456 10.20.33.164 10.40.2.236 39812 80 6 3 IPv4 10.20.33.164 10.40.2.236 ACCEPT OK",
        "3 eni-33333333333333333 123456789010 vpc-abcdefab012345678 subnet-22222222bbbbbbbbb i-01234567890123456 10.40.2.236 10.20.33.164 80 39812 6 19 IPv4 10.40.2.236 10.20.33.164 ACCEPT OK",
        "3 eni-11111111111111111 123456789010 vpc-abcdefab012345678 subnet-11111111aaaaaaaaa - 10.40.1.175 10.40.2.236 39812 80 6 3 IPv4 10.20.33.164 10.40.2.236 ACCEPT OK",
        "3 eni-22222222222222222 123456789010 vpc-abcdefab012345678 subnet-22222222bbbbbbbbb - 10.40.2.236 10.40.2.31 80 39812 6 19 IPv4 10.40.2.236 10.20.33.164 ACCEPT OK",
      ],
      fields,
    );
    expect(found.map((answer) => answer.replace(/(nacl_in|nacl_out)=\w+/, "$1"))).toEqual([
      "allow agree remote nacl_in sg_in=allow",
      "allow agree remote sg_out=tracked nacl_out",
      "allow agree local sg_out=skipped nacl_out",
      "allow agree local nacl_in sg_in=skipped",
    ]);
  });
});
