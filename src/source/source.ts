/**
 * One object to read: a file, an S3 object, a stretch of a log group. A plain value, so that a plan can be printed,
 * tested and handed to a worker thread, which opens it with `openObject` (open.ts).
 */
export interface SourceObject {
  /**
   * The `source_object` of its records, and its identity in the ledger: the real absolute path of a file (however it
   * was spelled, from whatever folder), `s3://bucket/key`, `cloudwatch://group/<account>/<region>/<hour>`,
   * `stdin`.
   */
  readonly name: string;
  /** Bytes as stored; null when it cannot be known before reading (stdin, pipes, CloudWatch Logs). */
  readonly size: number | null;
  /** S3 ETag, or a fingerprint of a file (size and modification time): tells a changed object from a known one. */
  readonly etag: string | null;
  /** Unix seconds of the time in the object's name (`…_20250304T0905Z_…`); null where it has none. */
  readonly time: number | null;
  /** Field list of its records where the source knows it (CloudWatch Logs has no header line); bare names, spaces. */
  readonly fields?: string;
  readonly locator: Locator;
}

export type Locator =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" }
  | { readonly kind: "s3"; readonly bucket: string; readonly key: string }
  | {
      readonly kind: "cloudwatch";
      readonly group: string;
      /** Prefix of the names of its streams. */
      readonly streams: string;
      /** Event time (a record's `start`) in milliseconds, both inclusive. */
      readonly from: number;
      readonly to: number;
      /** When CloudWatch took the events in, milliseconds, from inclusive, to exclusive; null: open. */
      readonly ingestedFrom: number | null;
      readonly ingestedTo: number | null;
    };

/** Reading from it may wait for as long as its other end likes, and takes away what is read. */
export function isPipe({ locator, size }: Pick<SourceObject, "locator" | "size">): boolean {
  return locator.kind === "stdin" || (locator.kind === "file" && size === null);
}

/** What a run would read, in the order it would read it. A plain value: `--dry-run` prints it. */
export interface SourcePlan {
  readonly objects: readonly SourceObject[];
  /** Hours of log groups that are left out, as the ledger says that they hold nothing new. A dry run adds what else is known. */
  readonly known: number;
  /** Sum of the sizes that are known before reading. */
  readonly bytes: number;
  /** Objects that were listed but lie outside `--from`/`--to`. S3 days that were never listed are not in it. */
  readonly pruned: number;
  /** Object times that were kept, look-back included (Unix seconds); null where that side is open. */
  readonly window: TimeWindow;
}

/** Unix seconds, both inclusive; null: open. */
export interface TimeWindow {
  readonly from: number | null;
  readonly to: number | null;
}

/** What the AWS sources need beyond the SDK's own chain. */
export interface AwsOptions {
  readonly region?: string;
  readonly profile?: string;
  /** Instead of the SDK's own choice (`AWS_ENDPOINT_URL`, profile, AWS). */
  readonly endpoint?: string;
  /** Milliseconds without a byte after which a request is given up and repeated; 30 s unless given. */
  readonly timeoutMs?: number;
}

export interface PlanOptions {
  /** Unix seconds, both inclusive: only objects that may hold records of this time are kept. */
  readonly from?: number;
  readonly to?: number;
  /** Field list given by the user (`--fields`): CloudWatch Logs is then not asked for its own. */
  readonly fields?: string;
  /**
   * Names in the ledger that begin with the prefix. A log group is read up to now only with its help, because what
   * arrives later in the same hour has to be told from what was read before (README.md); without it, whole hours only.
   */
  readonly ingested?: (prefix: string) => Promise<readonly string[]>;
  readonly aws: AwsOptions;
  readonly events: SourceEvents;
}

export interface OpenContext {
  readonly aws: AwsOptions;
  readonly events: SourceEvents;
  /** Ends the reading with an error of its own reason. */
  readonly signal?: AbortSignal;
}

/** Side effects of a source, given by the caller: notes go to stderr, counts into the summary. */
export interface SourceEvents {
  note(text: string): void;
  /** A request was repeated: throttling, time-out, reset or cut transfer. */
  retry(what: string): void;
}
