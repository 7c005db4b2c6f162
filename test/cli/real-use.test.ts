import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto } from "../helpers/samples.ts";

const caseOf = (path: string): string => fileURLToPath(new URL(`../cases/${path}`, import.meta.url));

interface Row {
  readonly rule_id: string;
  readonly replacement: readonly string[] | null;
}
const rowsOf = (args: readonly string[], db: string): Row[] =>
  JSON.parse(flowreplay([...args, "--db", db, "--output", "json"]).stdout) as Row[];

describe("health checks of a load balancer, four packets there and two back", () => {
  const RULE = "sg-0000000000000000b/ingress/tcp/80-40000/10.0.101.0/24";
  const folder = temporaryFolder();
  let db: string;
  beforeAll(async () => {
    db = await replayInto(folder, caseOf("real/health-checks/logs"), caseOf("real/health-checks/model"));
  });

  test("tighten keeps their port", () => {
    const proposal = rowsOf(["tighten"], db).find(({ rule_id }) => rule_id === RULE);
    expect(proposal?.replacement).toEqual([
      "ingress tcp 8080 from sg-0000000000000000a",
      "ingress tcp 31495 from sg-0000000000000000a",
    ]);
  });

  test("what-if fails without their rule", () => {
    const run = flowreplay(["what-if", "--db", db, "--remove", RULE]);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain("80  accepted, would be denied  80 real");
  });
});

describe("answers that a network ACL drops", () => {
  const folder = temporaryFolder();
  let db: string;
  beforeAll(async () => {
    db = await replayInto(folder, caseOf("openers/answers-dropped/log.txt"), caseOf("openers/answers-dropped/config"));
  });

  test("the rules that admit the clients are in real use", () => {
    const sql = "select rule_id, connections, real_connections from rule_usage where rule_id like 'sgr-%' order by 1";
    expect(rowsOf(["query", sql], db)).toEqual([
      { rule_id: "sgr-0a000000000000001", connections: 70, real_connections: 70 },
      { rule_id: "sgr-0a000000000000002", connections: 60, real_connections: 60 },
      { rule_id: "sgr-0a000000000000003", connections: 15, real_connections: 15 },
      { rule_id: "sgr-0a000000000000004", connections: 0, real_connections: 0 },
    ]);
    const removable = rowsOf(["removable", "--real-only"], db).map(({ rule_id }) => rule_id);
    expect(removable).toEqual(["sgr-0a000000000000004"]);
  });

  test("tighten keeps port and clients; without the rule what-if fails", () => {
    const proposal = rowsOf(["tighten"], db).find(({ rule_id }) => rule_id === "sgr-0a000000000000001");
    expect(proposal?.replacement).toEqual(["ingress tcp 443 from 10.0.2.10/32", "ingress tcp 443 from 203.0.113.0/26"]);
    expect(flowreplay(["what-if", "--db", db, "--remove", "sgr-0a000000000000001"]).code).toBe(1);
  });

  test("the finding is the network ACL; the clients are no scanners", () => {
    expect(rowsOf(["report", "probes-on-open-rules"], db)).toEqual([]);
    expect(rowsOf(["query", "from probing_peers"], db)).toEqual([]);
    const dropped = rowsOf(["report", "nacl-return-path"], db);
    expect(dropped).toMatchObject([
      { nacl_rule_id: "acl-0a000000000000001/egress/*", protocol: 6, connections: 60 },
      { nacl_rule_id: "acl-0a000000000000001/egress/*", protocol: 17, connections: 60 },
    ]);
  });
});
