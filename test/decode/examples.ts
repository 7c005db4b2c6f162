import type { Row } from "./collect.ts";

/** Header line of the default format. */
export const HEADER =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
/** A record of AWS's documentation, and what it decodes to. */
export const SSH =
  "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
export const sshRow: Row = {
  line: 1,
  interfaceId: "eni-1235b8ca123456789",
  accountId: "123456789010",
  src: "172.31.16.139",
  dst: "172.31.16.21",
  pktSrc: null,
  pktDst: null,
  srcPort: 20641,
  dstPort: 22,
  protocol: 6,
  packets: 20,
  bytes: 4249,
  start: 1418530010,
  end: 1418530070,
  tcpFlags: null,
  action: "ACCEPT",
  status: "OK",
  direction: null,
  rejectReason: null,
  further: {},
};
export const nodata: Row = {
  ...sshRow,
  src: null,
  dst: null,
  srcPort: null,
  dstPort: null,
  protocol: null,
  packets: null,
  bytes: null,
  start: 1431280876,
  end: 1431280934,
  action: null,
  status: "NODATA",
};
/** The SSH record with one field replaced. */
export const withField = (name: string, value: string): string =>
  SSH.split(" ").with(HEADER.split(" ").indexOf(name), value).join(" ");
