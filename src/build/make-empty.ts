// Run by the build: writes the empty evidence file that new ones are copies of.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EMPTY_FILE, makeEmpty } from "../store/create-file.ts";

const path = fileURLToPath(EMPTY_FILE);
for (const left of [path, `${path}.wal`]) rmSync(left, { force: true });
await makeEmpty(path, path);
