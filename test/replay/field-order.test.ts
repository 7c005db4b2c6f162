import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";

const MODEL = fileURLToPath(new URL("../cases/readers/model", import.meta.url));

test("a note names --fields if no record has an address of its interface", async () => {
  await withFolder(async (folder) => {
    const line = (own: string): string =>
      `2 111122223333 eni-0aaaaaaaaaaaaaaa1 198.51.100.7 ${own} 50001 443 6 10 1200 1741000000 1741000060 ACCEPT OK\n`;
    const notesOf = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return flowreplay(["replay", join(folder, name), "--model", MODEL, "--db", join(folder, `${name}.duckdb`)])
        .stderr;
    };
    expect(notesOf("wrong.log", line("192.0.2.9").repeat(3) + line("10.20.1.10"))).toContain(
      "3 of 4 records have no address of their interface on either side: if no line names the fields, give their order with --fields",
    );
    expect(notesOf("right.log", line("192.0.2.9") + line("10.20.1.10"))).not.toContain("--fields");
  });
});
