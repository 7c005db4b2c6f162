// Run by the build: makes the empty evidence file. New evidence files are copies of it.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EMPTY_FILE, makeEmpty } from "../store/create-file.ts";

const path = fileURLToPath(EMPTY_FILE);
for (const left of [path, `${path}.wal`]) rmSync(left, { force: true });
await makeEmpty(path, path);
