// What one writes first: lines, split(), numbers. It stores nothing: node split.js <object>...
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const NUMBERS = ["srcport", "dstport", "protocol", "packets", "bytes", "start", "end"];

const answer = { records: 0, accepted: 0, rejected: 0, bytes: 0 };
for (const object of process.argv.slice(2)) {
  const [header, ...lines] = gunzipSync(readFileSync(object)).toString("latin1").split("\n");
  const names = header.split(" ");
  for (const line of lines) {
    if (line === "") continue;
    const values = line.split(" ");
    const record: Record<string, string | number> = {};
    for (const [at, name] of names.entries()) record[name] = NUMBERS.includes(name) ? Number(values[at]) : values[at];
    answer.records++;
    if (record.action === "ACCEPT") answer.accepted++;
    if (record.action === "REJECT") answer.rejected++;
    answer.bytes += Number(record.bytes) || 0;
  }
}
process.stdout.write(JSON.stringify(answer));
