import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatIpv4, formatIpv6 } from "../../src/net/address.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withEvidence } from "../helpers/evidence.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });

test("SQL reads addresses and prefixes from text, and gives null for any other text", async () => {
  await withEvidence("", async (path) => {
    const evidence = await openEvidence(path);
    const ranges = async (texts: readonly string[]) =>
      (
        await evidence.run(
          `select t, prefix4_low(t), prefix4_high(t), prefix6_low(t)::varchar, prefix6_high(t)::varchar
           from (select unnest($texts::varchar[]) as t)`,
          { texts },
        )
      ).rows;

    expect(await ranges(["10.1.2.3/8", "0.0.0.0/0", "255.255.255.255", "2001:db8::/127", "::/0"])).toEqual([
      ["10.1.2.3/8", 0x0a000000, 0x0affffff, null, null],
      ["0.0.0.0/0", 0, 0xffffffff, null, null],
      ["255.255.255.255", 0xffffffff, 0xffffffff, null, null],
      [
        "2001:db8::/127",
        null,
        null,
        "42540766411282592856903984951653826560",
        "42540766411282592856903984951653826561",
      ],
      ["::/0", null, null, "0", "340282366920938463463374607431768211455"],
    ]);
    const wrong = [
      "",
      "10.0.0",
      "10.300.0.1",
      "10.0.0.1.",
      "1::2::3",
      "12345::",
      "1:2:3",
      "10.0.0.1/33",
      "::/129",
      "sg-1",
      "a b",
    ];
    for (const [text, ...values] of await ranges(wrong))
      expect([text, values]).toEqual([text, [null, null, null, null]]);

    const addresses = fc.sample(fc.tuple(word, word, word, word), { numRuns: 300, seed: 7 });
    const texts = addresses.flatMap(([a, b, c, d]) => [formatIpv4(a), formatIpv6(a, b, c, d), formatIpv6(a, 0, 0, d)]);
    const { rows } = await evidence.run(
      `with numbers as (select t, ipv4_number(t) as a4, ipv6_number(t) as a6 from (select unnest($texts::varchar[]) as t))
       select t, case when a4 is not null then ipv4_text(a4) else ipv6_text(a6) end from numbers`,
      { texts },
    );
    for (const [text, back] of rows) expect(back).toBe(text);
    evidence.close();
  });
});
