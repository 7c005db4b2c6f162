// Unpacking alone, by the same zlib: node gunzip.js <object>...
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";

let bytes = 0;
for (const object of process.argv.slice(2)) {
  const text = createReadStream(object, { highWaterMark: 1 << 18 }).pipe(createGunzip({ chunkSize: 1 << 18 }));
  for await (const chunk of text) bytes += chunk.length;
}
process.stdout.write(JSON.stringify({ bytes }));
