import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";

import { prefixContains } from "../../src/net/address.ts";
import { parseAddress } from "../../src/net/parse.ts";
import { loadModel } from "../../src/model/load.ts";
import type { NetworkInterface, Peer, Snapshot } from "../../src/model/model.ts";
import { decodeText, type Row } from "../decode/collect.ts";
import { DEFAULTS, generate, type GenerateOptions } from "./generate/generate.ts";
import type { Truth } from "./generate/truth.ts";
import { temporaryFolder } from "../helpers/folder.ts";

const folder = temporaryFolder();

const SMALL = { ...DEFAULTS, records: 20_000, objects: 6, interfaces: 120, rules: 40, ipv6: 0.2, scanners: 0.1 };

function objectsOf(out: string): { name: string; text: string }[] {
  return readdirSync(join(out, "AWSLogs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".gz"))
    .sort()
    .map((name) => ({ name, text: gunzipSync(readFileSync(join(out, "AWSLogs", name))).toString() }));
}

// The rules of groups and network ACLs, plainly, on one record at a time: enough to judge what the generator claims.
const matches = (protocol: number, ports: { from: number; to: number } | null, record: Row): boolean =>
  (protocol === -1 || protocol === record.protocol) &&
  (ports === null || (record.dstPort! >= ports.from && record.dstPort! <= ports.to));

function peerMatches(peer: Peer, address: string, snapshot: Snapshot): boolean {
  const { family, words } = parseAddress(address)!;
  if (peer.kind === "cidr") return peer.prefix.family === family && prefixContains(peer.prefix, words);
  return [...snapshot.interfaces.values()].some(
    (eni) => eni.groupIds.includes(peer.id) && eni.addresses.some((own) => String(own.words) === String(words)),
  );
}

function sgRules(eni: NetworkInterface, egress: boolean, record: Row, snapshot: Snapshot): string[] {
  const peer = egress ? record.dst! : record.src!;
  return eni.groupIds
    .flatMap((id) => snapshot.securityGroups.get(id)!.rules)
    .filter((rule) => (rule.direction === "egress") === egress && matches(rule.protocol, rule.ports, record))
    .filter((rule) => peerMatches(rule.peer, peer, snapshot))
    .map((rule) => rule.id);
}

function naclEntry(eni: NetworkInterface, egress: boolean, record: Row, snapshot: Snapshot) {
  const peer = egress ? record.dst! : record.src!;
  const { family, words } = parseAddress(peer)!;
  const subnet = snapshot.subnets.get(eni.subnetId!)!;
  if (subnet.prefixes.some((prefix) => prefix.family === family && prefixContains(prefix, words))) return null;
  const acl = [...snapshot.networkAcls.values()].find(({ subnetIds }) => subnetIds.includes(subnet.id))!;
  return acl.entries
    .filter((entry) => (entry.direction === "egress") === egress && entry.prefix.family === family)
    .filter((entry) => matches(entry.protocol, entry.ports, record))
    .find((entry) => prefixContains(entry.prefix, words))!;
}

describe.each<[string, GenerateOptions]>([
  ["v2", { ...SMALL, out: join(folder, "v2") }],
  [
    "v2, mostly scanners",
    {
      ...SMALL,
      records: 8000,
      scanners: 0.6,
      admittedScanners: 0.2,
      scannerSources: 90,
      out: join(folder, "scanners"),
    },
  ],
  ["v5, few interfaces", { ...SMALL, format: "v5", interfaces: 5, rules: 1, seed: 7, out: join(folder, "v5") }],
])("generated objects (%s)", (_, options) => {
  let truth: Truth;
  let rows: Row[];
  let snapshot: Snapshot;

  beforeAll(async () => {
    truth = await generate(options);
    const decoded = objectsOf(options.out).map(({ text }) => decodeText(text));
    expect(decoded.flatMap(({ bad }) => bad)).toEqual([]);
    rows = decoded.flatMap((object) => object.rows);
    const model = await loadModel(join(options.out, "config"));
    expect(model.notes).toEqual([]);
    snapshot = model.snapshots[0];
  });

  it("hold the records that the truth counts", () => {
    expect(truth).toMatchObject({ records: options.records, objects: options.objects });
    expect(rows).toHaveLength(options.records);
    expect(rows.filter((row) => row.action === "ACCEPT")).toHaveLength(truth.accepted);
    expect(rows.filter((row) => row.action === "REJECT")).toHaveLength(truth.rejected);
    expect(rows.filter((row) => row.status === "NODATA")).toHaveLength(truth.nodata);
    expect(truth.probes / truth.records).toBeGreaterThan(options.scanners * 0.8);
    expect(truth.probes / truth.records).toBeLessThan(options.scanners * 1.2);
    expect(rows.some((row) => row.src?.includes(":"))).toBe(true);
    expect(snapshot.interfaces.size).toBe(options.interfaces);
    const lengths = objectsOf(options.out).map(({ text }) => text.length);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(truth.uncompressedBytes);
  });

  it("lie in their five minutes", () => {
    for (const { name, text } of objectsOf(options.out)) {
      const [, year, month, day, hour, minute] = /_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z_/.exec(name)!;
      const slot = Date.parse(`${year}-${month}-${day}T${hour}:${minute}Z`) / 1000;
      for (const { start, end } of decodeText(text).rows) {
        expect(start).toBeGreaterThanOrEqual(slot);
        expect(end).toBeLessThan(slot + 300);
      }
    }
  });

  it("agree with the configuration, record by record, rule by rule", () => {
    const services = new Set([443, 8080, 5432, 53, 8443, 22]);
    const credited = new Map<string, Set<string>>();
    const naclRecords = new Map<string, number>();
    for (const row of rows.filter(({ status }) => status === "OK")) {
      const eni = snapshot.interfaces.get(row.interfaceId)!;
      const own = eni.addresses.map((address) => String(address.words));
      const egress = own.includes(String(parseAddress(row.src!)!.words));
      expect(egress || own.includes(String(parseAddress(row.dst!)!.words))).toBe(true);
      if (row.direction) expect(row.direction).toBe(egress ? "egress" : "ingress");
      const entry = naclEntry(eni, egress, row, snapshot);
      if (entry) naclRecords.set(entry.id, (naclRecords.get(entry.id) ?? 0) + 1);
      // Replies pass by the rules of the request.
      const reply = services.has(row.srcPort!) && row.dstPort! >= 1024 && row.action === "ACCEPT";
      const request = reply ? { ...row, src: row.dst, dst: row.src, srcPort: row.dstPort, dstPort: row.srcPort } : row;
      const rules = sgRules(eni, reply ? !egress : egress, request, snapshot);
      const allowed = entry?.action !== "deny" && rules.length > 0;
      expect([row, allowed ? "ACCEPT" : "REJECT"]).toEqual([row, row.action]);
      const connection = [eni.id, request.src, request.srcPort, request.dst, request.dstPort, row.protocol].join();
      if (allowed) for (const rule of rules) credited.set(rule, (credited.get(rule) ?? new Set()).add(connection));
    }
    const counted = Object.fromEntries(
      Object.keys(truth.ruleConnections).map((rule) => [rule, credited.get(rule)?.size ?? 0]),
    );
    expect(counted).toEqual(truth.ruleConnections);
    expect(truth.neverHit).toEqual(Object.keys(counted).filter((rule) => counted[rule] === 0));
    const entries = Object.entries(truth.naclRecords).filter(([, count]) => count > 0);
    expect(Object.fromEntries(naclRecords)).toEqual(Object.fromEntries(entries));
  });

  it("are the same for the same options, others for another seed", async () => {
    const again = { ...options, records: 3000, out: join(folder, "again") };
    await generate(again);
    const first = objectsOf(again.out);
    await generate(again);
    expect(objectsOf(again.out)).toEqual(first);
    await generate({ ...again, seed: options.seed + 1, out: join(folder, "other") });
    expect(objectsOf(join(folder, "other"))[0].text).not.toBe(first[0].text);
    rmSync(again.out, { recursive: true });
    rmSync(join(folder, "other"), { recursive: true });
  });
});
