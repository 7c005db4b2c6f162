import { ByteDictionary } from "../decode/dense/dictionary.ts";
import { NO_FURTHER } from "../decode/further-fields.ts";
import { DEFAULT_TIMEOUTS, LONG_TCP_TIMEOUT } from "../evaluate/conntrack/timeouts.ts";
import { createEvaluator, type Evaluator } from "../evaluate/evaluator.ts";
import { createInitiatorRules } from "../evaluate/judge/initiator.ts";
import { createLookupTable } from "../evaluate/lookup/policy-lookup.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { Changes } from "../store/evidence-writer.ts";
import type { StoredState } from "../store/stored-state.ts";
import type { SharedNames } from "./sent-batches.ts";

/** The evaluator of a run, and the names behind the numbers of its records. */
export interface Evaluation {
  readonly evaluator: Evaluator;
  readonly names: SharedNames;
  /** Judgements and names that became known since the last call. */
  takeChanges(): Changes;
}

/** Goes on from what the evidence file holds. `tcpIdle`: seconds, at interfaces that do not set their own. */
export function createEvaluation(policy: CompiledPolicy, state: StoredState, tcpIdle?: number): Evaluation {
  const names = {
    interfaces: new ByteDictionary(policy.interfaceIds),
    accounts: new ByteDictionary(),
    further: new ByteDictionary([NO_FURTHER]),
    furtherBase: state.nextFurther - 1,
    table: createLookupTable(),
  };
  const ports = createInitiatorRules(policy.namedPorts.tcp, policy.namedPorts.udp);
  const tcpEstablished = policy.snapshots.length > 1 ? LONG_TCP_TIMEOUT : DEFAULT_TIMEOUTS.tcpEstablished;
  const evaluator = createEvaluator(names.table, ports, policy.ruleIds, {
    timeouts: { ...DEFAULT_TIMEOUTS, tcpEstablished: tcpIdle ?? tcpEstablished, ofInterface: policy.timeouts },
    insideBlocks: policy.insideBlocks,
    state: state.tracker,
    firstJudgement: state.nextJudgement,
    firstRuleSet: state.nextRuleSet,
    storedRuleSets: state.ruleSets,
  });
  const taken = { judgements: 0, ruleSets: 0, interfaces: policy.interfaceIds.length, further: 1 };
  return {
    evaluator,
    names,
    takeChanges() {
      const changes = {
        judgements: evaluator.judgements.slice(taken.judgements),
        ruleSets: evaluator.ruleSets.slice(taken.ruleSets),
        interfaces: names.interfaces.strings.slice(taken.interfaces),
        accounts: names.accounts.strings,
        further: names.further.strings.slice(taken.further),
      };
      taken.judgements = evaluator.judgements.length;
      taken.ruleSets = evaluator.ruleSets.length;
      taken.interfaces = names.interfaces.size;
      taken.further = names.further.size;
      return changes;
    },
  };
}
