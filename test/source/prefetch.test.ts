import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { prefetch } from "../../src/source/open.ts";

function counting(chunks: number, fail?: Error) {
  const seen = { produced: 0, closed: false };
  const source = (async function* () {
    try {
      for (let i = 0; i < chunks; i++) {
        seen.produced++;
        yield Uint8Array.of(i, i);
        await turn();
      }
      if (fail) throw fail;
    } finally {
      seen.closed = true;
    }
  })();
  return { source, seen };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await turn();
};

it("gives everything in order, chunk by chunk", async () => {
  const all: number[] = [];
  for await (const chunk of prefetch(counting(100).source, 7)) all.push(...chunk);
  expect(all).toEqual(Array.from({ length: 200 }, (_, i) => i >> 1));
});

it("begins before it is asked, stops at its limit, and ends the source when the reader leaves", async () => {
  const { source, seen } = counting(100);
  const ahead = prefetch(source, 5);
  await settle();
  expect(seen.produced).toBe(5);
  for await (const chunk of ahead) if (chunk[0] === 2) break;
  await settle();
  expect(seen.produced).toBeLessThan(15);
  expect(seen.closed).toBe(true);
});

it("keeps an error for the reader", async () => {
  const ahead = prefetch(counting(2, new Error("cut")).source, 100);
  await settle();
  const reading = (async () => {
    for await (const _ of ahead);
  })();
  await expect(reading).rejects.toThrow("cut");
});
