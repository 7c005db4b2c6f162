import { expect, test } from "vitest";
import { connectionsByRule } from "./connections-by-rule.ts";

const NETWORK = {
  subnets: { "subnet-1": "10.0.0.0/24", "subnet-2": "10.0.1.0/24" },
  interfaces: { "eni-1": "subnet-1 10.0.0.5 sg-1" },
  groups: { "sg-1": ["in tcp 8080 10.0.1.0/24", "in udp 5000 10.0.1.0/24"] },
};

/** Records of one flow from 10.0.1.9 and its answers, `[start, end]` in seconds. */
const records = (protocol: number, port: number, times: readonly (readonly [number, number])[]): string[] =>
  times.flatMap(([start, end]) => {
    const tail = `3 400 ${1_700_000_000 + start} ${1_700_000_000 + end} ACCEPT OK`;
    return [
      `2 123456789012 eni-1 10.0.1.9 10.0.0.5 40000 ${port} ${protocol} ${tail}`,
      `2 123456789012 eni-1 10.0.0.5 10.0.1.9 ${port} 40000 ${protocol} ${tail}`,
    ];
  });

const TCP_TIMES = [
  [0, 50],
  [130, 170],
  [300, 340],
  [440, 480],
  [590, 595],
] as const;
const UDP_TIMES = [
  [0, 20],
  [45, 90],
  [200, 240],
  [600, 620],
  [640, 650],
] as const;

test.each([
  ["in order", (lines: string[]) => lines],
  ["newest first", (lines: string[]) => lines.toReversed()],
  ["the last before the middle", (lines: string[]) => [...lines.slice(0, 2), ...lines.slice(2).toReversed()]],
  ["from the middle", (lines: string[]) => [...lines.slice(4), ...lines.slice(0, 4)]],
])("a silence ends a connection in whatever order the records come: %s", async (_, order) => {
  // TCP goes on after silences of less than 350 s, a UDP stream of less than 180 s.
  const lines = [...order(records(6, 8080, TCP_TIMES)), ...order(records(17, 5000, UDP_TIMES))];
  expect(await connectionsByRule(NETWORK, lines)).toEqual({ "sgr-sg-1-0": 1, "sgr-sg-1-1": 2 });
});
