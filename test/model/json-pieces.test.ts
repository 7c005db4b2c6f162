import { expect, test } from "vitest";
import { listPieces } from "../../src/model/json-items.ts";

test.each([0, 1, 2, 999, 1000, 1001, 2000, 2500])("%i things", (count) => {
  const things = Array.from({ length: count }, (_, at) => ({ id: `eni-${at}`, list: [at, "]"], none: undefined }));
  const pieces = [...listPieces(new Map(things.map((thing) => [thing.id, thing])).values())];
  expect(pieces.join("")).toBe(JSON.stringify(things));
  expect(pieces.length).toBe(Math.floor(count / 1000) + 1);
});
