import { loadModel } from "../model/load.ts";
import type { Model } from "../model/model.ts";
import { type CompiledPolicy, compileModel } from "../policy/compile.ts";
import { openForWriting, type WritableFile } from "../store/create-file.ts";
import { type EvidenceWriter, openEvidenceWriter } from "../store/evidence-writer.ts";
import { loadStoredModel } from "../store/stored-models.ts";
import { readStoredState, type StoredState } from "../store/stored-state.ts";
import { extentOf, whyUnmodelled } from "../store/unmodelled.ts";

/**
 * An evidence file from opening to closing, with the model that its records are judged with. A large model is hundreds of
 * megabytes of objects, and most of them are only stored: it is read where the file is written, and only the compiled
 * policy leaves that thread. The writer's methods can be called once the session has begun.
 */
export interface EvidenceSession extends EvidenceWriter {
  /**
   * Reads the model, before `begin`: of an evidence file, that of its newest run. Returns what was read and set aside. Throws
   * E_MODEL (model/load.ts).
   */
  readModel(path: string, isEvidence: boolean): Promise<readonly string[]>;
  /** Throws `E_STORE` when the file is no evidence file, `E_IN_USE` when another process has it open. */
  open(path: string): Promise<StoredState>;
  /** Returns the model's policy in the numbers of the file; without a model one that knows no interface. */
  begin(options: { readonly keepFlows: boolean; readonly keepModel?: boolean }): Promise<CompiledPolicy>;
  /** Why the model lacks the interfaces of the log; to be asked once the run is finished. */
  whyUnmodelled(): Promise<string>;
  /** Ends the session wherever it is: without a commit the file is as it was, and is removed if it was made for this. */
  close(): Promise<void>;
}

const EMPTY_MODEL: Model = { snapshots: [], notes: [] };

/** A session on this thread. */
export function createEvidenceSession(): EvidenceSession {
  let model: Model | null = null;
  let extent = extentOf(EMPTY_MODEL);
  let opening: Promise<{ readonly file: WritableFile; readonly state: StoredState }> | null = null;
  const openFile = async (path: string): Promise<{ file: WritableFile; state: StoredState }> => {
    const file = await openForWriting(path);
    return { file, state: await readStoredState(file.connection) };
  };
  const session: Omit<EvidenceSession, Exclude<keyof EvidenceWriter, "close">> = {
    async readModel(path, isEvidence) {
      model = isEvidence ? await loadStoredModel(path) : await loadModel(path);
      return model.notes;
    },
    async open(path) {
      opening = openFile(path);
      return (await opening).state;
    },
    async begin({ keepFlows, keepModel }) {
      const { file, state } = await opening!;
      const policy = compileModel(model ?? EMPTY_MODEL, state.interfaceIds, state.ruleIds);
      // Its `close` takes the place of the one below.
      Object.assign(session, await openEvidenceWriter(file, state, { model, policy, keepFlows, keepModel }));
      extent = extentOf(model ?? EMPTY_MODEL);
      model = null;
      return policy;
    },
    whyUnmodelled: () => whyUnmodelled((session as EvidenceSession).query, extent),
    async close() {
      const opened = await opening?.catch(() => null);
      await opened?.file.abandon();
    },
  };
  return session as EvidenceSession;
}
