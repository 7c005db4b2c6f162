import { describe, expect, it } from "vitest";

import { fieldNamedLoosely } from "../../src/decode/column-names.ts";
import { parseFieldList } from "../../src/decode/field-list.ts";
import { DEFAULT_FIELDS, fieldNamed, FIELDS } from "../../src/decode/fields.ts";

describe("the field catalogue", () => {
  it("has the fields of every version", () => {
    const upTo = (version: number): number =>
      FIELDS.filter((field) => field.version <= version && field.version !== 6).length;
    expect([2, 3, 4, 5, 7, 8, 9, 10, 11].map(upTo)).toEqual([14, 21, 25, 29, 39, 40, 41, 42, 54]);
    expect(FIELDS.filter((field) => field.version === 6)).toHaveLength(18);
    expect(new Set(FIELDS.map((field) => field.name)).size).toBe(FIELDS.length);
  });

  it.each([
    ["pkt-srcaddr", "pkt-srcaddr"],
    ["pkt_srcaddr", "pkt-srcaddr"],
    ["srcAddr", undefined],
    ["vpc id", undefined],
  ])("knows %s in a header as %s", (name, expected) => {
    expect(fieldNamed(name)?.name).toBe(expected);
  });

  it.each([
    ["interfaceId", "interface-id"],
    ["Account ID", "account-id"],
    ["startTime", "start"],
    ["numbytes", "bytes"],
    ["sourceaddress", "srcaddr"],
    ["flow_direction", "flow-direction"],
    ["@message", undefined],
    ["constructor", undefined],
  ])("knows %s in an export as %s", (name, expected) => {
    expect(fieldNamedLoosely(name)?.name).toBe(expected);
  });

  it.each([
    ["${version} ${account-id} ${tcp-flags}", ["version", "account-id", "tcp-flags"]],
    [" srcaddr,dstaddr\tpkt_dstaddr ", ["srcaddr", "dstaddr", "pkt-dstaddr"]],
    [DEFAULT_FIELDS.join(" "), [...DEFAULT_FIELDS]],
  ])("reads the field list %s", (text, expected) => {
    expect(parseFieldList(text)).toEqual(expected);
  });

  it("names the word that is no field", () => {
    expect(() => parseFieldList("srcaddr dstadr")).toThrow('unknown flow log field "dstadr"');
    expect(() => parseFieldList(" , ")).toThrow("the field list is empty");
  });
});
