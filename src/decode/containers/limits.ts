/** Bytes that an object may unpack to, all layers and members together, whatever its size. */
const MAX_UNPACKED_BYTES = 64 * 2 ** 30;
/** gzip packs flow logs 5 to 20 times, idle ones 50 times. A large object that packs better than this is no log. */
const MAX_RATIO = 250;
const RATIO_COUNTS_FROM = 256 * 2 ** 20;

/** An object is cut off or corrupt from here on. What came before is good. */
export class DamagedInput extends Error {
  /** Reason of the bad line that stands for the rest, e.g. `truncated_gzip`. */
  readonly reason: string;
  /** The bad line has been written: the damage of an archive is met by each of the layers around it. */
  reported = false;

  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = "DamagedInput";
    this.reason = reason;
  }
}

/** How much all layers of one object may unpack to. */
export interface UnpackBudget {
  /** Counts bytes that a layer has unpacked; throws DamagedInput (`inflated_too_large`) for a bomb. */
  spend(bytes: number): void;
}

export function createUnpackBudget(most: number = MAX_UNPACKED_BYTES): UnpackBudget {
  let spent = 0;
  return {
    spend(bytes) {
      spent += bytes;
      if (spent > most) throw new DamagedInput("inflated_too_large");
    },
  };
}

/** Watches one layer: its own ratio, and the budget of the object. */
export function createRatioGuard(budget: UnpackBudget): { took(bytes: number): void; gave(bytes: number): void } {
  let consumed = 0;
  let delivered = 0;
  return {
    took(bytes) {
      consumed += bytes;
    },
    gave(bytes) {
      delivered += bytes;
      budget.spend(bytes);
      if (delivered > RATIO_COUNTS_FROM && delivered > consumed * MAX_RATIO)
        throw new DamagedInput("inflated_too_large");
    },
  };
}
