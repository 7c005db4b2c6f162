import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { awsError, countRetries, s3Client } from "./aws.ts";
import { deliveryName } from "./object-name.ts";
import { planS3 } from "./s3-list.ts";
import type { OpenContext, SourceKind, SourceObject } from "./source.ts";

export const s3: SourceKind = {
  name: "s3",
  usage: "s3://bucket/prefix",
  recognises: (argument) => /^s3:\/\//i.test(argument),
  plan: async (uri, options) => ({ objects: await planS3(uri, options) }),
  open: readS3,
  // A name alone proves nothing, as anyone can give it.
  contentKey({ name, etag }) {
    const delivery = name.startsWith("s3://") ? deliveryName(name) : null;
    return delivery === null ? null : `${delivery} ${etag}`;
  },
  prefetches: true,
};

/** Cuts in a row without a single byte in between after which a transfer is given up. */
const MAX_CUTS = 8;
const MAX_PAUSE_MS = 10_000;

/**
 * A transfer that is cut goes on where it stopped (`Range`), and only while the object is still the one that was planned
 * (`If-Match`).
 */
async function* readS3(object: SourceObject, { aws, events, signal }: OpenContext): AsyncGenerator<Uint8Array> {
  const [, Bucket, Key] = /^s3:\/\/([^/]*)\/(.*)$/s.exec(object.name)!;
  const client = await s3Client(aws);
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const size = object.size!;
  let read = 0;
  /** Since the last byte. */
  let cuts = 0;
  let cause: unknown;

  async function request(): Promise<AsyncIterable<Uint8Array>> {
    const range = read > 0 ? `bytes=${read}-` : undefined;
    const command = new GetObjectCommand({ Bucket, Key, IfMatch: `"${object.etag}"`, Range: range });
    try {
      const { Body, ContentRange } = await client.send(countRetries(command, `read ${object.name}`, events), {
        abortSignal: signal,
      });
      if (range && !ContentRange?.startsWith(`bytes ${read}-`)) throw notWhole(object, "the server ignores Range");
      return Body as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      signal?.throwIfAborted();
      throw awsError(error, "s3:GetObject", object.name);
    }
  }

  while (read < size) {
    const body = await request();
    try {
      for await (const chunk of body) {
        read += chunk.length;
        cuts = 0;
        yield chunk;
      }
      if (read > size) throw notWhole(object, `${read} bytes came of ${size}`);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AppError) throw error;
      cause = error;
    }
    if (read >= size) return;
    if (cuts++ === MAX_CUTS) throw notWhole(object, `the transfer was cut at byte ${read} of ${size}`, cause);
    events.retry(`read ${object.name}`);
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 50 * 2 ** cuts), undefined, { signal });
  }
}

function notWhole(object: SourceObject, why: string, cause?: unknown): AppError {
  const hint = "nothing of it was stored; replay again";
  return new AppError("E_SOURCE", `cannot read ${object.name}: ${why}`, { hint, cause });
}
