import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import { loadModel } from "../../src/model/load.ts";
import { filesOfOthers } from "../helpers/skip.ts";

const folderOfOthers = filesOfOthers("loading configurations of others");
const SHARED = folderOfOthers ?? "";
const present = folderOfOthers !== null;

const folders = (path: string): string[] =>
  present ? readdirSync(join(SHARED, path)).map((name) => join(path, name)) : [];
/** Its one answer is an AWS error message. */
const UNUSABLE = new Set(["aws-config-samples/cloud-custodian/test_glue_query_resources_no_subnet"]);

describe.skipIf(!present)("real configurations load", () => {
  test.each([
    ...folders("aws-config-samples/cloud-custodian"),
    ...folders("aws-config-samples/batfish"),
    "aws-config-samples/cloudmapper-demo",
  ])("%s", async (folder) => {
    const loading = loadModel(join(SHARED, folder));
    if (UNUSABLE.has(folder)) await expect(loading).rejects.toThrow(AppError);
    else expect((await loading).snapshots).toHaveLength(1);
  });

  test.each([
    ["captures/production-vpc/config", [{ interfaces: 14, groups: 10, rules: 43, acls: 4, subnets: 6 }]],
    ["captures/established/history", [9, 9, 9].map((interfaces) => ({ interfaces }))],
    ["real-eks-2024-12-20/model", [{ interfaces: 11, groups: 35, rules: 170 }]],
  ])("%s holds what its makers say", async (folder, expected) => {
    const { snapshots, notes } = await loadModel(join(SHARED, folder));
    expect(notes).toEqual([]);
    expect(
      snapshots.map((one) => ({
        interfaces: one.interfaces.size,
        groups: one.securityGroups.size,
        rules: [...one.securityGroups.values()].flatMap((group) => group.rules).length,
        acls: one.networkAcls.size,
        subnets: one.subnets.size,
      })),
    ).toMatchObject(expected);
  });
});
