import stringWidth from "string-width";
import { beforeAll, describe, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { writeModel } from "../model/model-folder.ts";

const ACCEPTED = "2 123456789012 eni-abc123 10.0.1.5 10.0.3.15 49761 3306 6 10 840 1620000000 1620000060 ACCEPT OK";
const REJECTED = "2 123456789012 eni-abc123 203.0.113.50 10.0.1.5 12345 22 6 5 400 1620000000 1620000060 REJECT OK";
const anywhere = [{ CidrIp: "0.0.0.0/0", Description: "any\u001b[2J\u202ewhere" }];
const entry = (RuleNumber: number, Egress: boolean, PortRange?: object, RuleAction = "allow") => ({
  RuleNumber,
  Egress,
  PortRange,
  RuleAction,
  CidrBlock: "0.0.0.0/0",
  Protocol: PortRange ? "6" : "-1",
});
const MODEL = {
  "groups.json": {
    SecurityGroups: [
      {
        GroupId: "sg-app",
        IpPermissions: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: anywhere }],
        IpPermissionsEgress: [
          { IpProtocol: "tcp", FromPort: 3306, ToPort: 3306, UserIdGroupPairs: [{ GroupId: "sg-db", UserId: "1" }] },
        ],
      },
      { GroupId: "sg-db" },
    ],
  },
  "interfaces.json": {
    NetworkInterfaces: [
      {
        NetworkInterfaceId: "eni-abc123",
        SubnetId: "subnet-1",
        PrivateIpAddress: "10.0.1.5",
        Groups: [{ GroupId: "sg-app" }],
      },
      {
        NetworkInterfaceId: "eni-db",
        SubnetId: "subnet-3",
        PrivateIpAddress: "10.0.3.15",
        Groups: [{ GroupId: "sg-db" }],
      },
    ],
  },
  "subnets.json": { Subnets: [{ SubnetId: "subnet-1", CidrBlock: "10.0.1.0/24" }] },
  "acls.json": {
    NetworkAcls: [
      {
        NetworkAclId: "acl-1",
        Associations: [{ SubnetId: "subnet-1" }],
        Entries: [entry(100, false), entry(100, true, { From: 1024, To: 65_535 })],
      },
    ],
  },
};

let model = "";
beforeAll(async () => void (model = await writeModel(MODEL)));
const explain = (...args: string[]) => flowreplay(["explain", ...args, "--model", model]);
const rows = (...args: string[]): Record<string, unknown>[] => JSON.parse(explain(...args, "--output", "json").stdout);

test("explains pasted records: every layer, every rule, within 80 columns", () => {
  const { stdout, code } = explain(ACCEPTED, REJECTED);
  expect(code).toBe(0);
  expect(Math.max(...stdout.split("\n").map((line) => stringWidth(line)))).toBeLessThanOrEqual(80);
  expect(stdout).not.toContain("\u001b");
  expect(stdout).not.toContain("\u202e");
  expect(stdout).toContain("REJECT tcp 203.0.113.50 port 12345 -> 10.0.1.5 port 22\n");
  expect(stdout).toContain("answer      deny, agree, decided by sg_in\n");
  expect(stdout).toContain("direction   ingress: dstaddr 10.0.1.5 is an address of eni-abc123\n");
  expect(stdout).toContain("sg_out      allow: 1 of 1 rule matches (sg-app)\n");
  expect(stdout).toContain("  + sg-app/egress/tcp/3306/sg-db  allow tcp 3306 to sg-db\n");
  expect(stdout).toContain(
    "      protocol tcp; port 3306; 10.0.3.15 is an address of eni-db, a member of\n      sg-db\n",
  );
  expect(stdout).toContain("      protocol tcp; port 22 is not 443\n");
  expect(stdout).toContain("nacl_in     allow: acl-1/ingress/100 lets it pass (acl-1)\n");
});

test("prints rows with the columns of the view flows, and how the answer came about", () => {
  const [accepted, rejected] = rows(ACCEPTED, REJECTED);
  expect(accepted).toMatchObject({
    interface_id: "eni-abc123",
    start_time: "2021-05-03T00:00:00Z",
    direction: "egress",
    initiator: "local",
    verdict: "allow",
    agreement: "agree",
    decided_by: "nacl_out",
    cause: null,
    nacl_rule_id: "acl-1/egress/100",
    sg_rule_ids: ["sg-app/egress/tcp/3306/sg-db"],
  });
  expect(rejected).toMatchObject({ verdict: "deny", agreement: "agree", decided_by: "sg_in", sg_rule_ids: [] });
  const walks = rejected!.walks as { layers: { layer: string; rules: { rule_id: string; matches: string }[] }[] }[];
  expect(walks[0]!.layers.map(({ layer }) => layer)).toEqual(["nacl_in", "sg_in"]);
  expect(walks[0]!.layers[1]!.rules).toMatchObject([{ rule_id: "sg-app/ingress/tcp/443/0.0.0.0/0", matches: "no" }]);
});

test("takes event times, header lines and field lists, and lets two directions serve each other", () => {
  expect(rows(`2021-05-03T00:00:00.000Z ${REJECTED}`)).toMatchObject([{ verdict: "deny", dstport: 22 }]);
  const header = "interface-id srcaddr dstaddr srcport dstport protocol start end action log-status";
  const out = "eni-abc123 10.0.1.5 203.0.113.9 40000 45000 6 1620000000 1620000001 ACCEPT OK";
  const back = "eni-abc123 203.0.113.9 10.0.1.5 45000 40000 6 1620000005 1620000006 ACCEPT OK";
  expect(rows(header, back, out)).toMatchObject([
    { initiator: "local", initiator_evidence: "earlier_start", direction: "ingress" },
    { initiator: "local", direction: "egress" },
  ]);
  expect(rows(out, "--fields", header)).toMatchObject([{ initiator: "local", initiator_evidence: "only_direction" }]);
});

test("explains a flow that nobody logged, and its reply", () => {
  const ask = ["--interface", "eni-abc123", "--remote", "198.51.100.7", "--protocol", "tcp", "--port", "443"];
  expect(rows(...ask, "--direction", "ingress", "--remote-port", "700")).toMatchObject([
    { direction: "ingress", verdict: "allow", agreement: null, decided_by: "sg_in", cause: null },
    {
      direction: "egress",
      verdict: "deny",
      decided_by: "nacl_out",
      cause: "return_path_nacl",
      srcport: 443,
      dstport: 700,
    },
  ]);
  expect(rows(...ask, "--direction", "ingress")[1]).toMatchObject({ verdict: "undecided", cause: "field_absent" });
  expect(rows(...ask, "--direction", "egress")).toMatchObject([{ verdict: "deny", decided_by: "sg_out" }]);
});

test("says in a sentence what decided, and which ports a network ACL lacks", () => {
  const flow = ["--interface", "eni-abc123", "--remote", "198.51.100.7", "--protocol", "tcp", "--direction", "ingress"];
  const said = (...args: string[]): unknown[] => rows(...args).map((row) => row.conclusion);
  expect(said(...flow, "--port", "443", "--remote-port", "700")).toEqual([
    "every layer lets it pass",
    "acl-1 stops the reply: with 198.51.100.7 it lets tcp port 1024-65535 pass, not 700",
  ]);
  expect(said(...flow, "--port", "443")[1]).toBe(
    "the client's port is not known (--remote-port): with 198.51.100.7 acl-1 lets tcp port 1024-65535 pass",
  );
  expect(said(...flow, "--port", "22")).toEqual(["no rule of sg-app lets it in"]);
  expect(said(REJECTED)).toEqual(["the log says REJECT, and so does the model: no rule of sg-app lets it in"]);
  const out = ["--interface", "eni-abc123", "--remote", "10.0.3.15", "--protocol", "tcp", "--direction", "egress"];
  expect(said(...out, "--port", "443")).toEqual(["no rule of sg-app lets it out"]);
  const stopped = "2 1 eni-abc123 10.0.1.5 203.0.113.50 443 600 6 5 400 1620000000 1620000060 REJECT OK";
  expect(said(ACCEPTED.replace("10.0.1.5 10.0.3.15 49761 3306", "203.0.113.50 10.0.1.5 600 443"), stopped)[1]).toBe(
    "acl-1 stops the reply: with 203.0.113.50 it lets tcp port 1024-65535 pass, not 600",
  );
});

test("says of a mismatch what the log and the model say, and of an open question what leaves it open", () => {
  const accepted = REJECTED.replace("REJECT", "ACCEPT");
  expect(rows(accepted)[0]!.conclusion).toBe(
    "the log says ACCEPT, but no rule of sg-app lets it in; nothing in the log or the model explains it; the modelled configuration is probably not the one that was in force",
  );
  const refused = ACCEPTED.replace("ACCEPT", "REJECT");
  expect(rows(refused)[0]!.conclusion).toBe(
    "the log says REJECT, but every layer lets it pass; nothing in the log or the model explains it; the modelled configuration is probably not the one that was in force",
  );
  const flow = ["--interface", "eni-abc123", "--remote", "198.51.100.7", "--protocol", "tcp", "--port", "443"];
  const { stdout } = explain(...flow, "--direction", "ingress");
  expect(stdout).toContain("answer      undecided, left open by nacl_out, cause field_absent\n");
});

test("says which configuration was asked, and when no layer is", async () => {
  const later = await writeModel({
    ...Object.fromEntries(Object.entries(MODEL).map(([name, content]) => [`2026-11-01T09-00-00Z/${name}`, content])),
    ...Object.fromEntries(Object.entries(MODEL).map(([name, content]) => [`2026-11-01T10-00-00Z/${name}`, content])),
  });
  const flow = ["--interface", "eni-abc123", "--remote", "169.254.169.254", "--protocol", "tcp", "--port", "80"];
  const ask = (...at: string[]): string =>
    flowreplay(["explain", ...flow, "--direction", "egress", "--model", later, ...at]).stdout;
  expect(ask()).toContain("            no layer applies: no layer filters traffic with instance metadata\n");
  expect(ask()).toContain("snapshot    2026-11-01T10-00-00Z: the newest\n");
  expect(ask("--at", "2026-11-01T09:30:00Z")).toContain("snapshot    2026-11-01T09-00-00Z: in force at that time\n");
  expect(ask("--at", "2026-11-01T08:30:00Z")).toContain("snapshot    2026-11-01T09-00-00Z: the earliest: the model");
  expect(ask("--at", "2026-11-01T10:00:30Z")).toContain(
    "snapshot    2026-11-01T10-00-00Z: a change is near: 2026-11-01T09",
  );
});

const FLOW = ["--interface", "eni-abc123", "--remote", "10.0.0.1", "--protocol", "tcp", "--port", "1"];

describe("exit codes", () => {
  test.each([
    [
      ["--interface", "eni-1", "--remote", "10.0.0.1", "--protocol", "icmp", "--port", "1", "--direction", "ingress"],
      2,
      "icmp has no ports: omit --port",
    ],
    [["--remote", "10.0.0.1", "--port", "1"], 2, "--remote needs --interface"],
    [["--at", "2026-01-01", ACCEPTED], 2, "--at needs --interface"],
    [[...FLOW, "--direction", "egress", "--fields", "version"], 2, "--fields is for record lines, not for --interface"],
    [[...FLOW, "--direction", "egress"], 2, "--interface needs --model"],
    [["--interface", " ", ...FLOW.slice(2), "--direction", "egress"], 2, "give an interface id"],
    [
      ["--interface", "eni-1", "--remote", "0.0.0.0", ...FLOW.slice(4), "--direction", "egress"],
      2,
      "0.0.0.0 is not a host",
    ],
    [["--model", "."], 2, "nothing to explain"],
    [["x y z"], 2, "not a flow log record (wrong_field_count): x y z"],
    [["--interface", "eni-1", "--remote", "10.0.0.1"], 2, "--interface needs"],
    [[ACCEPTED], 0, ""],
  ])("%j ends with %i", (args, code, message) => {
    const run = flowreplay(["explain", ...args]);
    expect([run.code, run.stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  test("2 when both ends are the interface's own", () => {
    const { code, stderr } = explain(...FLOW.with(3, "10.0.1.5"), "--direction", "ingress");
    expect(stderr).toContain(
      "flowreplay: 10.0.1.5 is an address of eni-abc123 itself\nhint: give the other end's address\n",
    );
    expect(code).toBe(2);
  });

  test("3 when the interface is not in the model", () => {
    const { code, stdout } = explain(ACCEPTED.replace("eni-abc123", "eni-other"));
    expect(code).toBe(3);
    expect(stdout).toContain("answer      undecided, unmodelled\n");
  });
});
