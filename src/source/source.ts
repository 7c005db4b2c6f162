/**
 * One object to read: a file, an S3 object, a stretch of a log stream. A plain value, so that a plan can be printed,
 * tested and handed to a worker thread, which opens it with `openObject` (open.ts).
 */
export interface SourceObject {
  /** Path or URI as shown to the user: the `source_object` of its records. */
  readonly name: string;
  /** Bytes as stored; null when it cannot be known before reading (stdin, CloudWatch Logs). */
  readonly size: number | null;
  /** S3 ETag, or a fingerprint of a file (size and modification time): tells a changed object from a known one. */
  readonly etag: string | null;
  /** Unix seconds of the time in the object's name (`…_20250304T0905Z_…`); null where it has none. */
  readonly time: number | null;
  readonly locator: Locator;
}

export type Locator =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" }
  | { readonly kind: "s3"; readonly bucket: string; readonly key: string }
  | {
      readonly kind: "cloudwatch";
      readonly group: string;
      readonly stream: string;
      /** Milliseconds, both inclusive. */
      readonly from: number;
      readonly to: number;
    };

/** What the AWS sources need beyond the SDK's own chain. */
export interface AwsOptions {
  readonly region?: string;
  readonly profile?: string;
}

/** Side effects of a source, given by the caller: notes go to stderr, counts into the summary. */
export interface SourceEvents {
  note(text: string): void;
  /** A request was repeated: throttling, time-out, reset or cut transfer. */
  retry(what: string): void;
}
