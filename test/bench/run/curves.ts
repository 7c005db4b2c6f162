import { DUCKDB, flowreplay, FROM_S3, START, type Contestant } from "./contestants.ts";
import type { Scenario } from "./scenario.ts";

/** A point of a curve: a scenario, and who runs it. */
interface Point {
  readonly label: string;
  readonly scenario: Scenario;
  readonly contestants: readonly Contestant[];
}

export interface Curve {
  readonly title: string;
  /** Points for scenarios of this many records; `full` for those that take minutes each. */
  points(records: number, full: boolean): readonly Point[];
}

const FLOWREPLAY = flowreplay();

const point = (
  label: string,
  records: number,
  options: Partial<Scenario["options"]> = {},
  contestants: readonly Contestant[] = [FLOWREPLAY],
): Point => ({ label, scenario: { name: label, options: { records, ...options } }, contestants });

const millions = (records: number): string => `${records / 1e6} M records`;

export const CURVES: Readonly<Record<string, Curve>> = {
  records: {
    title: "Records",
    points: (records, full) => [
      ...[records, records * 10].map((many) => point(millions(many), many, {}, [FLOWREPLAY, DUCKDB])),
      ...(full ? [point(millions(records * 50), records * 50)] : []),
    ],
  },
  rules: {
    title: "Security group rules of an interface",
    points: (records) => [10, 100, 1000].map((rules) => point(`${rules} rules`, records, { rules })),
  },
  enis: {
    title: "Interfaces",
    points: (records) =>
      [10, 1000, 100_000].map((interfaces) =>
        point(`${interfaces.toLocaleString("en-US")} interfaces`, records, { interfaces }, [FLOWREPLAY, START]),
      ),
  },
  scanners: {
    title: "Share of rejected probes, from 20,000 addresses",
    points: (records) =>
      [0, 0.5, 0.95].map((scanners) =>
        point(`${scanners * 100} % probes`, records, { scanners, scannerSources: 20_000 }),
      ),
  },
  formats: {
    title: "Formats",
    points: (records) => {
      const both = [FLOWREPLAY, DUCKDB];
      const parquet = point("default format, Parquet", records, {}, both);
      return [
        point("default format, text", records, {}, both),
        point("v5, 25 fields, text", records, { format: "v5" }, both),
        point("default format, text, IPv6 only", records, { ipv6: 1 }, both),
        { ...parquet, scenario: { ...parquet.scenario, parquet: true } },
      ];
    },
  },
  s3: {
    title: "From files and from S3",
    points: (records) => [point(millions(records), records, {}, [FLOWREPLAY, FROM_S3])],
  },
  workers: {
    title: "Reader threads, equal evidence",
    points: (records) =>
      [1, 2, 4].map((workers) =>
        point(`${workers} workers`, records, {}, [flowreplay({ workers, withChecksum: true })]),
      ),
  },
};
