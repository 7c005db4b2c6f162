import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { inOrder } from "../../src/replay/threaded-writer.ts";

test("calls wait for those before them, also for one that fails; queries do not", async () => {
  const done: string[] = [];
  const writer = inOrder({
    number: 7,
    async slow(name: string) {
      await sleep(20);
      done.push(name);
      return name;
    },
    async fail() {
      await sleep(10);
      throw new Error("no");
    },
    async quick() {
      done.push("quick");
    },
    async query() {
      done.push("query");
    },
  });
  expect(writer.number).toBe(7);
  const results = await Promise.allSettled([writer.slow("one"), writer.fail(), writer.quick(), writer.query()]);
  expect(done).toEqual(["query", "one", "quick"]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
});
