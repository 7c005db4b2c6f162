import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../../src/model/load.ts";
import { type CliRun, startFlowreplay } from "../helpers/cli.ts";
import { startFaultProxy } from "../helpers/fault-proxy.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { startMoto, testEnvironment } from "../helpers/moto.ts";

Object.assign(process.env, testEnvironment);
const moto = await startMoto();
const SEED = 20250306;
const SECOND = "eu-west-1";

function snapshot(endpoint: string, ...args: string[]): Promise<CliRun> {
  // The SDK warns of keys in the environment when a profile is named.
  const withoutKeys = args.includes("--profile") ? { AWS_ACCESS_KEY_ID: undefined } : {};
  return startFlowreplay(["snapshot", ...args], { AWS_ENDPOINT_URL: endpoint, ...withoutKeys });
}

describe.skipIf(moto === null)("snapshot over HTTP", () => {
  const out = temporaryFolder();
  const ids = { groups: [] as string[], acl: "", eni: "", list: "", peering: "" };

  beforeAll(async () => {
    for (const region of ["us-east-1", SECOND]) await build(new ec2.EC2Client({ endpoint: moto!.url, region }));
  });
  afterAll(() => moto?.stop());

  async function build(client: ec2.EC2Client): Promise<void> {
    const vpc = (await client.send(new ec2.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
    const other = (await client.send(new ec2.CreateVpcCommand({ CidrBlock: "10.1.0.0/16" }))).Vpc!.VpcId!;
    const subnet = { VpcId: vpc, CidrBlock: "10.0.0.0/24" };
    const subnetId = (await client.send(new ec2.CreateSubnetCommand(subnet))).Subnet!.SubnetId!;
    const list = await client.send(
      new ec2.CreateManagedPrefixListCommand({
        PrefixListName: "offices",
        AddressFamily: "IPv4",
        MaxEntries: 5,
        Entries: [{ Cidr: "198.51.100.0/24", Description: "north" }, { Cidr: "203.0.113.0/24" }],
      }),
    );
    ids.list = list.PrefixList!.PrefixListId!;
    for (let i = 0; i < 60; i++) {
      const group = { GroupName: `g-${i}`, Description: `group ${i}`, VpcId: vpc };
      const GroupId = (await client.send(new ec2.CreateSecurityGroupCommand(group))).GroupId!;
      ids.groups.push(GroupId);
      const rule = { IpProtocol: "tcp", FromPort: 1000 + i, ToPort: 1000 + i };
      const peer = i === 0 ? { PrefixListIds: [{ PrefixListId: ids.list }] } : { IpRanges: [{ CidrIp: "10.0.0.0/8" }] };
      await client.send(
        new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ ...rule, ...peer }] }),
      );
    }
    ids.acl = (await client.send(new ec2.CreateNetworkAclCommand({ VpcId: vpc }))).NetworkAcl!.NetworkAclId!;
    await client.send(
      new ec2.CreateNetworkAclEntryCommand({
        NetworkAclId: ids.acl,
        RuleNumber: 100,
        Egress: false,
        RuleAction: "deny",
        Protocol: "6",
        CidrBlock: "192.0.2.0/24",
        PortRange: { From: 22, To: 22 },
      }),
    );
    const eni = { SubnetId: subnetId, Groups: ids.groups.slice(-2), PrivateIpAddress: "10.0.0.10" };
    ids.eni = (await client.send(new ec2.CreateNetworkInterfaceCommand(eni))).NetworkInterface!.NetworkInterfaceId!;
    const peering = await client.send(new ec2.CreateVpcPeeringConnectionCommand({ VpcId: vpc, PeerVpcId: other }));
    ids.peering = peering.VpcPeeringConnection!.VpcPeeringConnectionId!;
  }

  it("reads several regions into a folder that is a model", async () => {
    const { code, stdout, stderr } = await snapshot(
      moto!.url,
      "--out",
      out,
      "--region",
      "us-east-1",
      "--region",
      SECOND,
    );
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^\d+ files written; replay with --model /)]);
    const path = stdout.trim();
    expect(path).toMatch(/\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
    expect(readdirSync(path).sort()).toEqual([SECOND, "us-east-1"]);
    const model = await loadModel(path);
    const [read] = model.snapshots;
    expect(model.notes).toEqual([]);
    expect(ids.groups.filter((id) => !read!.securityGroups.has(id))).toEqual([]);
    expect(read!.networkAcls.has(ids.acl)).toBe(true);
    expect(read!.interfaces.get(ids.eni)!.groupIds.toSorted()).toEqual(ids.groups.slice(-2).sort());
    expect(read!.prefixLists.get(ids.list)).toMatchObject({ name: "offices" });
    expect(readFileSync(join(path, SECOND, "vpc-peering-connections.json"), "utf8")).toContain(ids.peering);
    expect(readFileSync(join(path, SECOND, `${ids.list}.json`), "utf8")).toContain('"Cidr": "198.51.100.0/24"');
    expect((await loadModel(out)).snapshots.map((snapshot) => typeof snapshot.since)).toEqual(["number"]);
  });

  it("writes the same bytes when requests fail, and says how many were repeated", async () => {
    const [first] = readdirSync(out);
    const proxy = await startFaultProxy({
      target: moto!.url,
      rate: 0.3,
      seed: SEED,
      kinds: ["reset", "truncated"],
    });
    const again = join(out, "again");
    const { code, stdout, stderr } = await snapshot(proxy.url, "--out", again, "--region", "us-east-1");
    await proxy.close();
    expect([code, stderr], `seed ${SEED}`).toEqual([
      0,
      expect.stringMatching(/^\d+ requests? repeated after throttling or errors\n/),
    ]);
    for (const file of readdirSync(join(stdout.trim(), "us-east-1"))) {
      const read = (folder: string): string => readFileSync(join(folder, "us-east-1", file), "utf8");
      expect(read(stdout.trim())).toBe(read(join(out, first!)));
    }
  });

  it("leaves nothing behind when an action is denied, and names it", async () => {
    const denying = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      if (body.includes("Action=DescribeNetworkAcls")) {
        const error =
          "<Error><Code>UnauthorizedOperation</Code><Message>You are not authorized.\nEncoded</Message></Error>";
        return response.writeHead(403).end(`<Response><Errors>${error}</Errors></Response>`);
      }
      const headers = request.headers as Record<string, string>;
      const answer = await fetch(moto!.url, { method: "POST", headers, body });
      response.writeHead(answer.status, { "content-type": "text/xml" }).end(await answer.text());
    });
    await new Promise<void>((resolve) => denying.listen(0, "127.0.0.1", resolve));
    const target = join(out, "denied");
    const url = `http://127.0.0.1:${(denying.address() as AddressInfo).port}`;
    const { code, stdout, stderr } = await snapshot(url, "--out", target, "--region", "us-east-1");
    denying.closeAllConnections();
    denying.close();
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "flowreplay: cannot read the configuration of us-east-1: ec2:DescribeNetworkAcls is denied\n" +
        "hint: allow ec2:DescribeNetworkAcls in the IAM policy\n",
    });
    expect(existsSync(target)).toBe(false);
  });

  it.each([
    [["--region", "../.."], "not a region: ../.."],
    [["--region", "us-east-1", "--profile", "gone"], "no usable AWS credentials\nhint: sign in"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await snapshot(moto!.url, "--out", join(out, "refused"), ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(stderr.trimEnd().split("\n")).toHaveLength(2);
    expect(existsSync(join(out, "refused"))).toBe(false);
  });
});
