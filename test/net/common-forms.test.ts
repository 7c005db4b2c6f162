import * as fc from "fast-check";
import { Validator } from "ip-num/dist/src/Validator.js";
import { describe, expect, test } from "vitest";

import { formatIpv4, formatIpv6 } from "../../src/net/address.ts";
import { commonIpv4, commonIpv6 } from "../../src/net/common-forms.ts";

describe("commonIpv4", () => {
  test("property: takes what ip-num takes, and reads it", () => {
    const nearly = fc.string({ unit: fc.constantFrom(..."0123456789.:a"), maxLength: 16 });
    const octets = fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }).map((numbers) => numbers.join("."));
    fc.assert(
      fc.property(fc.oneof(nearly, octets, fc.ipV4()), (text) => {
        const word = commonIpv4(text);
        expect(word >= 0, text).toBe(Validator.isValidIPv4String(text)[0]);
        if (word >= 0) expect(formatIpv4(word)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("commonIpv6", () => {
  const hex = "0123456789abcdefABCDEF";
  const group = fc.string({ unit: fc.constantFrom(...hex), minLength: 1, maxLength: 4 });
  const groups = fc.array(fc.oneof(group, fc.constant("")), { minLength: 1, maxLength: 9 }).map((all) => all.join(":"));
  const nearly = fc.string({ unit: fc.constantFrom(...`${hex}::::.%`), maxLength: 24 });

  test("property: takes nothing that ip-num does not take", () => {
    fc.assert(
      fc.property(fc.oneof(nearly, groups, fc.ipV6()), (text) => {
        if (commonIpv6(text) !== null) expect(Validator.isValidIPv6String(text)[0], text).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test("property: reads every address in its canonical form and written out", () => {
    const word = fc.nat(0xffffffff).map((value) => (value % 3 === 0 ? 0 : value));
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), ([a, b, c, d]) => {
        const whole = [a, b, c, d]
          .map((each) => `${(each >>> 16).toString(16)}:${(each & 0xffff).toString(16)}`)
          .join(":");
        expect(commonIpv6(whole)).toEqual([a, b, c, d]);
        expect(commonIpv6(formatIpv6(a, b, c, d))).toEqual([a, b, c, d]);
      }),
      { numRuns: 2000 },
    );
  });

  test("an embedded dotted quad is left to the general parser", () => {
    expect(commonIpv6("::ffff:192.0.2.33")).toBeNull();
  });
});
