import { join } from "node:path";
import { expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { writeModel } from "../model/model-folder.ts";

const GROUP = {
  GroupId: "sg-1",
  GroupName: "web\u001b[31m<b>",
  Description: "x",
  IpPermissions: [
    {
      IpProtocol: "tcp",
      FromPort: 22,
      ToPort: 22,
      IpRanges: [
        { CidrIp: "0.0.0.0/0", Description: "any" },
        { CidrIp: "10.0.0.0/8", Description: "office" },
      ],
    },
  ],
};
const MODEL = {
  "sg.json": { SecurityGroups: [GROUP] },
  "eni.json": { NetworkInterfaces: [{ NetworkInterfaceId: "eni-1", SubnetId: "subnet-1" }] },
};
const HIGH = "SSH (22) open to 0.0.0.0/0 on 0 interfaces";

test("prints findings with file and line, for people and for programs", async () => {
  const folder = await writeModel({ ...MODEL, "sg.json": JSON.stringify(MODEL["sg.json"], null, 2) });
  const run = (...args: string[]) => flowreplay(["lint", "--model", folder, ...args]);
  const { stdout, stderr, code } = run();
  expect(code).toBe(0);
  expect(stderr).toBe(
    "note: subnet without a network ACL in the model: subnet-1\n3 findings: 0 high, 1 medium, 2 low, 0 info\n",
  );
  expect(stdout.split("\n").slice(0, 4)).toEqual([
    "medium  admin-port-open  sg-1",
    `        ${HIGH}`,
    "        sg-1/ingress/tcp/22/0.0.0.0/0",
    `        ${join(folder, "sg.json")}:13`,
  ]);
  expect(stdout).toContain("the group web\\x1b[31m<b> is on no interface");
  const rows = JSON.parse(run("--output", "json").stdout) as object[];
  expect(rows[0]).toEqual({
    check: "admin-port-open",
    severity: "medium",
    subject_id: "sg-1",
    message: HIGH,
    rule_ids: ["sg-1/ingress/tcp/22/0.0.0.0/0"],
    covering_rule_ids: [],
    file: join(folder, "sg.json"),
    line: 13,
    detail: "0.0.0.0/0",
    finding_id: "d821585e656780270802ba7438b3d535",
  });
  expect(run("--output", "csv").stdout).toContain(
    `admin-port-open,medium,sg-1,${HIGH},sg-1/ingress/tcp/22/0.0.0.0/0,,`,
  );
  expect(run("--output", "markdown").stdout).toContain("web\\\\x1b\\[31m&lt;b&gt;");
});

test("a model that cannot be used is exit 2, one without rules exit 3", async () => {
  const broken = await writeModel({ "sg.json": { SecurityGroups: [{}] } });
  expect(flowreplay(["lint", "--model", broken])).toEqual({
    stdout: "",
    stderr: `flowreplay: ${join(broken, "sg.json")}: /SecurityGroups/0/GroupId: missing\n`,
    code: 2,
  });
  const empty = flowreplay([
    "lint",
    "--model",
    await writeModel({ "eni.json": MODEL["eni.json"] }),
    "--output",
    "json",
  ]);
  expect(empty).toMatchObject({ stdout: "[]\n", code: 3 });
  expect(flowreplay(["lint"]).code).toBe(2);
});
