import { loadModel } from "../model/load.ts";
import type { Model } from "../model/model.ts";
import { type CompiledPolicy, compileModel } from "../policy/compile.ts";
import { openForWriting } from "../store/create-file.ts";
import { type EvidenceWriter, openEvidenceWriter } from "../store/evidence-writer.ts";
import { readStoredState, type StoredState } from "../store/stored-state.ts";

/**
 * An evidence file and the model that its records are to be judged with. Of a large model there are hundreds of megabytes
 * of objects, and most of them are stored and no more: they live where the file is written, and only the compiled policy
 * leaves that thread.
 */
export interface ModelledEvidence {
  /** Reads the model, before `begin`; returns what was read and set aside. Throws E_MODEL (policy/load.ts). */
  readModel(path: string): Promise<readonly string[]>;
  /** Throws `E_STORE` when the file is no evidence file, `E_IN_USE` when another process has it open. */
  open(path: string): Promise<OpenEvidenceFile>;
}

/** An evidence file that is open for writing: first what it holds, then the policy and the writer. */
export interface OpenEvidenceFile {
  readonly state: StoredState;
  begin(options: BeginOptions): Promise<BegunEvidence>;
  /** Gives the file up before a writer was begun; one that was made for it goes. */
  close(): Promise<void>;
}

export interface BeginOptions {
  /** False, `--no-flows`: sums only, no row per record. */
  readonly keepFlows: boolean;
}

export interface BegunEvidence {
  /** The model's, in the numbers of the file; without a model one that knows no interface. */
  readonly policy: CompiledPolicy;
  readonly writer: EvidenceWriter;
}

const EMPTY_MODEL: Model = { snapshots: [], notes: [] };

/** On this thread; the one that calls has loaded DuckDB. */
export function createModelledEvidence(): ModelledEvidence {
  let model: Model | null = null;
  return {
    async readModel(path) {
      model = await loadModel(path);
      return model.notes;
    },
    async open(path) {
      const file = await openForWriting(path);
      const state = await readStoredState(file.connection);
      return {
        state,
        async begin({ keepFlows }) {
          const policy = compileModel(model ?? EMPTY_MODEL, state.interfaceIds, state.ruleIds);
          const writer = await openEvidenceWriter(file, state, { model, policy, keepFlows });
          model = null;
          return { policy, writer };
        },
        close: () => file.abandon(),
      };
    },
  };
}
