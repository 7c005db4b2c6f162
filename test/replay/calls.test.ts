import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import { callable, type Remote, serve } from "../../src/replay/calls.ts";

const target = {
  async add(a: number, b: number): Promise<number> {
    await sleep(10);
    return a + b;
  },
  take: (bytes: Uint8Array): Uint8Array => bytes,
  mistake(): never {
    throw new AppError("E_MODEL", "no such group", { hint: "name another" });
  },
  bug(): never {
    throw new TypeError("not a function");
  },
};

let ports: MessagePort[] = [];
afterEach(() => ports.forEach((port) => port.close()));

function connect(): Remote<typeof target> {
  const { port1, port2 } = new MessageChannel();
  ports = [port1, port2];
  serve(port1, target, { take: (bytes) => [bytes.buffer as ArrayBuffer] });
  return callable<typeof target>(port2, { take: (bytes) => [bytes.buffer as ArrayBuffer] });
}

test("each call gets its own answer, also when answers overtake each other", async () => {
  const remote = connect();
  expect(await Promise.all([remote.add(1, 2), remote.take(Uint8Array.of(7)), remote.add(3, 4)])).toEqual([
    3,
    Uint8Array.of(7),
    7,
  ]);
});

test("buffers that a transfer list names are moved and not copied", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const moved = connect().take(bytes);
  expect(bytes.length).toBe(0);
  expect(await moved).toEqual(Uint8Array.of(1, 2, 3));
});

test("an error keeps its code and hint on its way, a bug its stack", async () => {
  const remote = connect();
  const error = await remote.mistake().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: "E_MODEL", message: "no such group", hint: "name another" });
  const bug = (await remote.bug().catch((thrown: unknown) => thrown)) as Error;
  expect(bug.message).toBe("not a function");
  expect(bug.stack).toContain("calls.test.ts");
});

test("calls to a thread that has ended with an error fail with that error", async () => {
  const lost = new Error("the thread is gone");
  const { port1, port2 } = new MessageChannel();
  ports = [port1, port2];
  await expect(callable<typeof target>(port2, {}, lost).add(1, 2)).rejects.toBe(lost);
  const remote = callable<typeof target>(port2);
  const pending = remote.add(1, 2);
  port2.emit("error", lost);
  await expect(pending).rejects.toBe(lost);
  await expect(remote.add(1, 2)).rejects.toBe(lost);
});
