import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { createSchema } from "../../src/store/create-file.ts";
import { appendInterfaces } from "../../src/store/dimensions.ts";
import { modelOf } from "../helpers/model-of.ts";

const at = (time: string): number => Date.parse(`2026-11-01T${time}Z`) / 1000;

/** A snapshot of interfaces, each with the time at which it was attached, null: not told. */
function snapshot(since: string, interfaces: Record<string, string | null>) {
  const list = Object.entries(interfaces).map(([id, attached]) => ({
    NetworkInterfaceId: id,
    ...(attached !== null && { Attachment: { AttachTime: `2026-11-01T${attached}+00:00` } }),
  }));
  return { name: since, since: at(since), answers: { NetworkInterfaces: list } };
}

test("an interface is known from its attachment, or else from where the history begins to have it", async () => {
  const model = modelOf([
    snapshot("08:00:00", { "eni-old": null, "eni-gone": null, "eni-told": "07:10:00" }),
    snapshot("09:00:00", { "eni-old": null, "eni-new": null, "eni-back": "08:30:00", "eni-told": "07:10:00" }),
    snapshot("10:00:00", { "eni-old": null, "eni-new": null, "eni-back": "09:45:00" }),
  ]);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await createSchema(connection);
  const ids = ["eni-old", "eni-gone", "eni-told", "eni-new", "eni-back", "eni-unknown"];
  await appendInterfaces(connection, ids, 0, model);
  const rows = await connection.runAndReadAll(
    "select interface_id, strftime(known_from, '%H:%M'), strftime(known_until, '%H:%M') from interfaces order by interface_idx",
  );
  expect(rows.getRows()).toEqual([
    ["eni-old", null, null],
    ["eni-gone", null, "09:00"],
    ["eni-told", "07:10", "10:00"],
    ["eni-new", "09:00", null],
    ["eni-back", "08:30", null],
    ["eni-unknown", null, null],
  ]);
  connection.closeSync();
  instance.closeSync();
});
