import type { Dictionaries } from "../decode/dense/scan.ts";
import type { RecordSink, StoredTotals } from "../store/stored-object-reader.ts";

/**
 * One kind of source, an entry of the table (table.ts). All other code asks the entry and tests no kind itself. An entry
 * is loaded with the table: import what is slow to load, such as an SDK, inside `plan` and `open`.
 */
export interface SourceKind {
  /** `SourceObject.kind` of its objects. */
  readonly name: string;
  /** How a user writes such a source, for help texts and hints, as in `s3://bucket/prefix`. */
  readonly usage: string;
  /** Whether the argument names a source of this kind. The first kind that says so plans it. */
  recognises(argument: string): boolean;
  /**
   * Lists the objects of a source, in any order. Reads no record: `--dry-run` calls it for every kind.
   * @throws AppError E_USAGE for a malformed argument, E_SOURCE when nothing is there or it cannot be listed.
   */
  plan(argument: string, options: PlanOptions): Promise<PlannedObjects>;
  /**
   * The bytes of an object as they are stored (compressed ones stay compressed), in order, each chunk a buffer of its
   * own. Works in any thread. Every byte arrives once or an error is thrown: a cut transfer is never a short object.
   * A kind without it has `readRecords`.
   * @throws AppError E_SOURCE naming the object.
   */
  open?(object: SourceObject, context: OpenContext): AsyncIterable<Uint8Array>;
  /**
   * Instead of `open`, for objects that were decoded before: hands over their records in the order of the lines. Works in
   * any thread; the names must be the same for all objects read until the signal of the context.
   */
  readRecords?(object: SourceObject, target: RecordTarget, context: ReadContext): Promise<StoredTotals>;
  /** Gives out what arrives after the plan, object by object, until the signal. Only a kind with it takes `--follow`. */
  follow?(argument: string, options: FollowOptions): AsyncGenerator<SourceObject>;
  /**
   * The channel by which an object of this kind delivers its records, from its name; null for a name of another kind.
   * Two channels may deliver the same record. Without it, the flow log's id in the name is the channel.
   */
  channelOf?(name: string): string | null;
  /**
   * What two objects of this kind share if and only if their content is the same; null where the name and the etag
   * cannot tell, or for a name of another kind.
   */
  contentKey?(object: Pick<SourceObject, "name" | "etag">): string | null;
  /** `plan` has applied `from` and `to` itself. Otherwise objects are selected by the times in their names. */
  readonly plansTimes?: true;
  /**
   * Its objects are opened only when nothing can refuse the run any more: opening may wait for someone to write, or loads
   * native code, and Node aborts if the process ends while a thread does.
   */
  readonly opensLate?: true;
  /** Opening takes long enough that reading should begin before the object's turn. */
  readonly prefetches?: true;
}

/** Where decoded records go. */
export interface RecordTarget extends Dictionaries {
  readonly sink: RecordSink;
}

/** What `SourceKind.plan` found. */
export interface PlannedObjects {
  readonly objects: readonly SourceObject[];
  /** Objects that are left out because the ledger says that they hold nothing new; 0 unless given. */
  readonly ingested?: number;
}

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
  /**
   * Tells a changed object from a known one: S3 ETag, or size and modification time of a file. Null where nothing can
   * tell: the object is then new in every run.
   */
  readonly etag: string | null;
  /** Tells apart objects of one name that are all to be read; absent where the name is enough. */
  readonly instance?: string;
  /** Unix seconds of the time in the object's name (`…_20250304T0905Z_…`); null where it has none. */
  readonly time: number | null;
  /** Field list of its records where the source knows it (CloudWatch Logs has no header line); bare names, spaces. */
  readonly fields?: string;
  /** Name of the kind that opens it. */
  readonly kind: string;
  /** What its kind needs to open it beyond the name and the etag. */
  readonly locator?: unknown;
}

/** What a run would read, in the order it would read it. A plain value: `--dry-run` prints it. */
export interface SourcePlan extends Required<PlannedObjects> {
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
  /** The evidence file that the run writes to, which can be no source of it. */
  readonly db?: string;
  /** Field list given by the user (`--fields`): CloudWatch Logs is then not asked for its own. */
  readonly fields?: string;
  /**
   * Names in the ledger that begin with the prefix. A log group needs them to read its open hours: they tell which part
   * of an hour was read before (README.md). Without them only whole hours are read.
   */
  readonly ingested?: (prefix: string) => Promise<readonly string[]>;
  readonly aws: AwsOptions;
  readonly events: SourceEvents;
}

export interface FollowOptions extends Omit<PlanOptions, "to"> {
  /** Ends the following cleanly: the generator returns. */
  readonly signal: AbortSignal;
  /** Pause between two looks, 15 s unless given; as long as a look took, where that is longer. */
  readonly pollMs?: number;
  /** How long records must have been at the source before they are given out; a minute unless given. */
  readonly settleMs?: number;
}

export interface OpenContext {
  readonly aws: AwsOptions;
  readonly events: SourceEvents;
  /** Ends the reading with an error of its own reason. */
  readonly signal?: AbortSignal;
}

export interface ReadContext {
  /** Ends the work of a reader: nothing is read after it. */
  readonly signal: AbortSignal;
}

/** Side effects of a source, given by the caller: notes go to stderr, counts into the summary. */
export interface SourceEvents {
  note(text: string): void;
  /** A request was repeated: throttling, time-out, reset or cut transfer. */
  retry(what: string): void;
}
