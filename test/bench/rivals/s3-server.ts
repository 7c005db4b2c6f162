// The least of S3 that a reader needs, from a folder: node s3-server.js <folder>. Prints its address; ends with its parent.
import { createReadStream, readdirSync, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const [, , folder] = process.argv;
const sizes = new Map(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((key): [string, number] => [key, statSync(join(folder, key)).isFile() ? statSync(join(folder, key)).size : -1])
    .filter(([, size]) => size >= 0)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, "http://localhost");
  // /bucket or /bucket/key
  const key = decodeURIComponent(pathname).split("/").slice(2).join("/");
  if (searchParams.get("list-type") === "2") list(searchParams, response);
  else if (sizes.has(key)) get(key, response);
  else response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
});

function list(asked: URLSearchParams, response: ServerResponse): void {
  const [prefix, delimiter] = [asked.get("prefix") ?? "", asked.get("delimiter") ?? ""];
  const inside = [...sizes].filter(([key]) => key.startsWith(prefix) && key > (asked.get("start-after") ?? ""));
  const cut = (key: string): number => (delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length));
  const folders = new Set(inside.filter(([key]) => cut(key) >= 0).map(([key]) => key.slice(0, cut(key) + 1)));
  const contents = inside
    .filter(([key]) => cut(key) < 0)
    .map(([key, size]) => `<Contents><Key>${key}</Key><ETag>&quot;e&quot;</ETag><Size>${size}</Size></Contents>`);
  const prefixes = [...folders].map((one) => `<CommonPrefixes><Prefix>${one}</Prefix></CommonPrefixes>`);
  response
    .writeHead(200, { "content-type": "application/xml" })
    .end(
      `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}${prefixes.join("")}</ListBucketResult>`,
    );
}

function get(key: string, response: ServerResponse): void {
  response.writeHead(200, { "content-length": sizes.get(key), etag: '"e"', "content-type": "binary/octet-stream" });
  createReadStream(join(folder, key), { highWaterMark: 1 << 20 }).pipe(response);
}

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on("end", () => process.exit()).resume();
