import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Fault = "reset" | "unavailable" | "slow" | "truncated";

export interface FaultProxy {
  readonly url: string;
  /** Requests that came in, faulty ones included. */
  readonly requests: string[];
  readonly faults: Record<Fault, number>;
  close(): Promise<void>;
}

export interface FaultOptions {
  readonly target: string;
  /** Part of the requests that fail, 0 to 1. */
  readonly rate: number;
  readonly seed: number;
  readonly kinds?: readonly Fault[];
  /** How long a slow body pauses half way: longer than the client's patience. */
  readonly stallMs?: number;
}

/**
 * A reverse proxy on the loopback interface that spoils a seeded choice of requests: connection reset before an answer,
 * 503 SlowDown, a body that stalls half way, a body that is cut half way.
 */
export async function startFaultProxy(options: FaultOptions): Promise<FaultProxy> {
  const kinds = options.kinds ?? ["reset", "unavailable", "slow", "truncated"];
  const random = mulberry32(options.seed);
  const agent = new Agent({ keepAlive: true });
  const requests: string[] = [];
  const faults: Record<Fault, number> = { reset: 0, unavailable: 0, slow: 0, truncated: 0 };

  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const fault = random() < options.rate ? kinds[Math.floor(random() * kinds.length)]! : null;
    if (fault) faults[fault]++;
    incoming.on("error", () => {});
    if (fault === "reset") return void incoming.socket.destroy();
    if (fault === "unavailable") return slowDown(incoming, outgoing);
    forward(incoming, outgoing, fault);
  });

  function forward(incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | null): void {
    const { method, url, headers } = incoming;
    const upstream = request(new URL(url!, options.target), { method, headers, agent }, async (answer) => {
      const body = Buffer.concat(await answer.toArray());
      const head = { ...answer.headers, "content-length": String(body.length) };
      delete (head as Record<string, unknown>)["transfer-encoding"];
      outgoing.writeHead(answer.statusCode!, head);
      const half = body.length >> 1;
      if (fault === null) return void outgoing.end(body);
      outgoing.write(body.subarray(0, half), () => {
        if (fault === "truncated") outgoing.destroy();
        else setTimeout(() => outgoing.end(body.subarray(half)), options.stallMs ?? 5000).unref();
      });
    });
    upstream.on("error", () => outgoing.destroy());
    incoming.pipe(upstream);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults,
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Each service says it in its own way: Logs in JSON, EC2 and S3 in two dialects of XML. */
function slowDown(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { "x-amz-target": target, "content-type": type = "" } = incoming.headers;
  const error = (code: string): string => `<Error><Code>${code}</Code><Message>slow down</Message></Error>`;
  const body = target
    ? '{"__type":"ServiceUnavailableException","message":"slow down"}'
    : type.includes("form-urlencoded")
      ? `<Response><Errors>${error("RequestLimitExceeded")}</Errors></Response>`
      : error("SlowDown");
  incoming.resume();
  incoming.once("end", () => outgoing.writeHead(503).end(body));
}

/** A small seeded generator (mulberry32): the same seed spoils the same requests of a sequential client. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
