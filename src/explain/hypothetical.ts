import { AppError } from "../errors.ts";
import type { Initiator } from "../judgement.ts";
import type { Direction, Model } from "../model/model.ts";
import { type Address, formatAddress, holdsAddress } from "../net/address.ts";
import { explanationOf, noAnswer } from "./conclusion.ts";
import { interfaceStep, traceOf } from "./explainer.ts";
import { isStoppedReply, walkLayers } from "./layers.ts";
import { ownBlocks } from "./match-rule.ts";
import { snapshotsInForce } from "./record-state.ts";
import type { Explanation, FlowRecord, Step } from "./trace.ts";

/** A connection that is in no log. Ports are null when the protocol has none or they are not known. */
export interface HypotheticalFlow {
  readonly interfaceId: string;
  readonly remote: Address;
  /** Of the packet that opens it. */
  readonly direction: Direction;
  readonly protocol: number;
  /** Its destination port. */
  readonly port: number | null;
  /** Its source port, to which replies go. */
  readonly clientPort: number | null;
  /** Unix seconds; null: under the newest configuration. */
  readonly at: number | null;
}

/**
 * What the model would do with the packet that opens the connection and, if that passes, with its reply. Throws `E_USAGE`
 * when the other end is the interface itself.
 */
export function explainFlow(model: Model, flow: HypotheticalFlow): Explanation[] {
  const request = recordOf(flow, flow.direction);
  const { snapshots, because } = snapshotsInForce(model, request);
  const snapshot = snapshots[0];
  const networkInterface = snapshot?.interfaces.get(flow.interfaceId);
  if (!snapshot || !networkInterface) {
    return [noAnswer(request, "unmodelled", null, [{ about: "interface", answer: flow.interfaceId, because }])];
  }
  if (ownBlocks(networkInterface).some((block) => holdsAddress(block, flow.remote))) {
    const address = formatAddress(flow.remote);
    throw new AppError("E_USAGE", `${address} is an address of ${flow.interfaceId} itself`, {
      hint: "give the other end's address",
    });
  }
  const local = networkInterface.addresses.find((address) => address.family === flow.remote.family);
  if (!local && !ownBlocks(networkInterface).some((block) => block.family === flow.remote.family)) {
    const step: Step = {
      about: "peer",
      answer: formatAddress(flow.remote),
      because: "the interface has no address of its family",
    };
    return [noAnswer(request, "undecided", "address_not_on_eni", [step], { snapshot: snapshot.name })];
  }

  const steps: Step[] = [
    { about: "snapshot", answer: snapshot.name, because },
    interfaceStep(networkInterface),
    { about: "peer", answer: formatAddress(flow.remote), because: "as asked" },
  ];
  const initiator: Initiator = flow.direction === "egress" ? "local" : "remote";
  const [localPort, remotePort] =
    flow.direction === "egress" ? [flow.clientPort, flow.port] : [flow.port, flow.clientPort];
  const ask = (direction: Direction): Explanation => {
    const walk = walkLayers({
      snapshot,
      networkInterface,
      direction,
      endpoints: { local: local ?? flow.remote, remote: flow.remote, localPort, remotePort, protocol: flow.protocol },
      initiator,
      action: null,
      openingMatch: null,
      outOfState: false,
      related: false,
      unanswered: false,
    });
    const reply = direction !== flow.direction;
    return explanationOf(recordOf(flow, direction, local), {
      direction,
      reasoned: {
        initiator,
        evidence: "none",
        because: reply ? "this is the reply" : "this packet opens the connection",
      },
      steps,
      walks: [traceOf(walk, snapshot.name, initiator)],
      walk,
      rules: { certain: walk.groups?.rules ?? [], possible: walk.groups?.possible ?? [] },
      snapshot: snapshot.name,
      agreement: null,
      cause: isStoppedReply(walk) ? "return_path_nacl" : walk.cause,
    });
  };
  const opening = ask(flow.direction);
  if (opening.judgement.verdict === "deny") return [opening];
  return [opening, ask(flow.direction === "egress" ? "ingress" : "egress")];
}

function recordOf(flow: HypotheticalFlow, direction: Direction, local: Address | null = null): FlowRecord {
  const outward = direction === "egress";
  const request = direction === flow.direction;
  return {
    interfaceId: flow.interfaceId,
    accountId: "-",
    source: outward ? local : flow.remote,
    destination: outward ? flow.remote : local,
    packetSource: null,
    packetDestination: null,
    sourcePort: request ? flow.clientPort : flow.port,
    destinationPort: request ? flow.port : flow.clientPort,
    protocol: flow.protocol,
    packets: null,
    bytes: null,
    start: flow.at,
    end: flow.at,
    tcpFlags: null,
    action: null,
    logStatus: "OK",
    direction,
    rejectReason: null,
  };
}
