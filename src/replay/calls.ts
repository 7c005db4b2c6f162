import { AppError, type ErrorCode } from "../errors.ts";

// Calls by message: one thread serves an object, another calls its methods. Both threads may do both over one port.

/** What is used of a worker, or of the parent's port inside of one. */
interface Port {
  on(event: "message" | "error", listener: (value: unknown) => void): unknown;
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
}

type Message =
  | { readonly call: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly error: SentError };

type Method = (...args: readonly unknown[]) => unknown;

/** An object of another thread: each call takes a message there and one back. */
export type Remote<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** The buffers in a method's arguments that are moved and not copied; the caller has them no more. */
export type ArgumentTransfers<T> = {
  readonly [K in keyof T]?: T[K] extends (...args: infer A) => unknown ? (...args: A) => ArrayBuffer[] : never;
};

/** The same for a method's result. */
export type ResultTransfers<T> = {
  readonly [K in keyof T]?: T[K] extends (...args: never) => infer R ? (result: Awaited<R>) => ArrayBuffer[] : never;
};

/**
 * The methods of the object that the other side of the port serves. Calls begin there in the order of the calls here.
 * When the other thread ends with an error, all calls fail with it; `lost` says that it has ended so already.
 */
export function callable<T>(port: Port, transfers: ArgumentTransfers<T> = {}, lost: Error | null = null): Remote<T> {
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  let failure = lost;
  port.on("message", (value) => {
    const message = value as Message;
    if (!("answer" in message)) return;
    const call = pending.get(message.answer);
    pending.delete(message.answer);
    if ("error" in message) call?.reject(reviveError(message.error));
    else call?.resolve(message.value);
  });
  port.on("error", (error) => {
    failure = error as Error;
    for (const call of pending.values()) call.reject(failure);
    pending.clear();
  });
  const call = (method: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure);
      pending.set(++last, { resolve, reject });
      const transfer = (transfers as Record<string, Method | undefined>)[method]?.(...args);
      port.postMessage({ call: last, method, args } satisfies Message, transfer as ArrayBuffer[] | undefined);
    });
  return new Proxy({} as Remote<T>, {
    get(_, method) {
      // Whoever awaits the object asks for `then`: it is no promise.
      if (typeof method !== "string" || method === "then") return undefined;
      return (...args: unknown[]) => call(method, args);
    },
  });
}

/** Carries out the calls that come by the port: at once, also while others are under way. */
export function serve<T extends object>(port: Port, target: T, transfers: ResultTransfers<T> = {}): void {
  const answer = async (call: number, method: string, args: readonly unknown[]): Promise<void> => {
    try {
      const value = await (target as Record<string, Method>)[method](...args);
      const transfer = (transfers as Record<string, Method | undefined>)[method]?.(value);
      port.postMessage({ answer: call, value } satisfies Message, transfer as ArrayBuffer[] | undefined);
    } catch (error) {
      port.postMessage({ answer: call, error: describeError(error) } satisfies Message);
    }
  };
  port.on("message", (value) => {
    const message = value as Message;
    if ("call" in message) void answer(message.call, message.method, message.args);
  });
}

/** An error on its way between threads: a structured clone would lose code and hint. */
interface SentError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}

function describeError(error: unknown): SentError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const { code, hint } = error instanceof AppError ? error : { code: undefined, hint: undefined };
  return { code, message, hint, stack };
}

function reviveError({ code, message, hint, stack }: SentError): Error {
  const error = code === undefined ? new Error(message) : new AppError(code, message, { hint });
  error.stack = stack ?? error.stack;
  return error;
}
